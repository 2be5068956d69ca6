// SPDX-License-Identifier: Apache-2.0
#include "userspace/convert/document.hpp"

#include <cctype>

namespace gw::convert {

Draft::Draft(std::string origin, const char* api_version, const char* kind, const std::string& ns,
             const std::string& name) {
  document_.origin = std::move(origin);
  document_.object = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
  if (!ns.empty()) metadata()["namespace"] = ns;
}

std::string origin_of(const api::ObjectRef& ref, const api::SourceLocation& location) {
  return fmt::format("{}:{}: {}{}{} {}", location.file, location.line, ref.group, ref.group.empty() ? "" : "/",
                     ref.version, ref.to_string());
}

Json backend_ref(const std::string& name, std::optional<std::uint16_t> port, std::uint32_t weight) {
  Json ref = {{"name", name}};
  if (port) ref["port"] = *port;
  if (weight != 1) ref["weight"] = weight;
  return ref;
}

Json parent_ref(const std::string& ns, const std::string& name, const std::string& section,
                const std::string& from_ns) {
  Json ref = {{"name", name}};
  if (ns != from_ns) ref["namespace"] = ns;
  if (!section.empty()) ref["sectionName"] = section;
  return ref;
}

std::string name_from(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isalnum(byte) != 0;
    if (c == '*') {
      name += "wildcard";
    } else if (is_plain) {
      name += static_cast<char>(std::tolower(byte));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name.substr(0, 63);
}

}  // namespace gw::convert
