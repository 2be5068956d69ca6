// SPDX-License-Identifier: Apache-2.0
// gwctl convert: the API of 2021 and Ingress as gateway.networking.k8s.io/v1.
#include <fmt/format.h>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/yaml.hpp"
#include "userspace/convert/convert.hpp"
#include "userspace/provider/file/read.hpp"

namespace gw::cli {
namespace {

convert::Input to_input(const provider::Manifests& manifests) {
  convert::Input input;
  input.objects = manifests.snapshot.resources;
  for (const auto& [file, documents] : manifests.snapshot.raw) {
    input.documents.insert(input.documents.end(), documents.begin(), documents.end());
  }
  input.foreign = manifests.foreign;
  return input;
}

/// A note may have no line breaks in a comment.
std::string comment(const std::string& text) { return "# " + text + "\n"; }

std::string as_yaml(const convert::Document& document) {
  std::string text = "---\n" + comment("From " + document.origin);
  for (const std::string& note : document.notes) text += comment(note);
  return document.object.is_null() ? text : text + to_yaml(document.object);
}

std::size_t count_notes(const std::vector<convert::Document>& documents) {
  std::size_t count = 0;
  for (const auto& document : documents) count += document.notes.size();
  return count;
}

/// JSON has no comments: notes go to the error stream.
void print_json(Env& env, const std::vector<convert::Document>& documents) {
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  for (const auto& document : documents) {
    for (const std::string& note : document.notes) env.err << fmt::format("{}: {}\n", document.origin, note);
    if (!document.object.is_null()) items.push_back(document.object);
  }
  const nlohmann::ordered_json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
  env.out << list.dump(2) << "\n";
}

}  // namespace

int convert_files(Env& env, const std::vector<std::string>& files, Output output) {
  const auto manifests = provider::read_manifests(files, "networking.k8s.io");
  for (const auto& problem : manifests.snapshot.problems) env.err << problem.to_string() << "\n";
  if (!manifests.snapshot.problems.empty()) {
    return report(env, {"nothing is converted while there are problems: what is missing would go unnoticed", 0});
  }
  const auto documents = convert::convert(to_input(manifests));
  if (documents.empty()) {
    return report(env, {"there is nothing to convert (expected kinds of networking.x-k8s.io/v1alpha1, or Ingress)", 0});
  }
  if (output == Output::Json) {
    print_json(env, documents);
  } else {
    for (const auto& document : documents) env.out << as_yaml(document);
  }
  const std::size_t notes = count_notes(documents);
  if (notes == 0) return kOk;
  env.err << fmt::format("{} notes on what v1 says otherwise or not at all{}\n", notes,
                         output == Output::Json ? "" : ": see the comments");
  return kFindings;
}

}  // namespace gw::cli
