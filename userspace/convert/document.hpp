// SPDX-License-Identifier: Apache-2.0
// Private to convert/: what both converters write.
#pragma once

#include "userspace/convert/convert.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace gw::convert {

using Json = nlohmann::ordered_json;

/// One document while it is made.
class Draft {
 public:
  Draft(std::string origin, const char* api_version, const char* kind, const std::string& ns, const std::string& name);

  Json& metadata() { return document_.object["metadata"]; }
  Json& spec() { return document_.object["spec"]; }
  template <typename... Args>
  void note(fmt::format_string<Args...> text, Args&&... args) {
    document_.notes.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  Document take() && { return std::move(document_); }

 private:
  Document document_;
};

/// Where an original object stands: "file:line: apiVersion Kind namespace/name".
std::string origin_of(const api::ObjectRef& ref, const api::SourceLocation& location);

/// {group: "", kind: Service, name, port, weight}, without what is the default.
Json backend_ref(const std::string& name, std::optional<std::uint16_t> port, std::uint32_t weight);

/// {name, namespace, sectionName}; the namespace only where it is not `from_ns`.
Json parent_ref(const std::string& ns, const std::string& name, const std::string& section, const std::string& from_ns);

/// A text that a listener, or an object, can have as its name.
std::string name_from(std::string_view text);

}  // namespace gw::convert
