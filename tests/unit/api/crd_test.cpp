// SPDX-License-Identifier: Apache-2.0
// Our CRDs (deploy/crds) and our decoders say the same: each constraint of a schema is tried on the decoder, with
// values that it allows and values that it does not, in the documents of tests/verdicts; and the decoder knows no field
// that the schema does not have. A CEL rule has its refused document there, whose title is the rule's message.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <tuple>

#include "userspace/api/decode.hpp"

namespace gw::api {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A place in a document: names and, for items, "0".
using Path = std::vector<std::string>;

bool is_index(const std::string& part) { return part == "0"; }

/// As problems write it: "spec.targetRefs[0].name".
std::string to_field(const Path& path) {
  std::string text;
  for (const auto& part : path) text += is_index(part) ? "[0]" : (text.empty() ? "" : ".") + part;
  return text;
}

json::json_pointer to_pointer(const Path& path) {
  json::json_pointer pointer;
  for (const auto& part : path) pointer /= part;
  return pointer;
}

Path operator/(Path path, const std::string& part) {
  path.push_back(part);
  return path;
}

/// What is wrong with the field itself.
std::vector<std::string> problems_at(const json& document, const Path& path) {
  std::vector<std::string> messages;
  for (const auto& problem : decode(document.dump(), "f").problems) {
    if (problem.field == to_field(path)) messages.push_back(problem.message);
  }
  return messages;
}

bool is_refused(const json& document, const Path& path) { return !problems_at(document, path).empty(); }

/// What policies set, without what they are attached to, which has places in the text.
template <typename Policy>
std::vector<Policy> settings_of(const Objects<Policy>& policies) {
  std::vector<Policy> settings(policies.begin(), policies.end());
  for (Policy& policy : settings) {
    policy.meta = {};
    if constexpr (requires { policy.targets; }) policy.targets.clear();
  }
  return settings;
}

auto settings_of(const json& document) {
  const ResourceSet objects = decode(document.dump(), "f").objects;
  return std::tuple(settings_of(objects.upstream_policies), settings_of(objects.client_policies),
                    settings_of(objects.gateway_class_configs));
}

/// A YAML value as JSON; plain scalars are numbers where they can be.
json to_json(const YAML::Node& node) {
  if (node.IsSequence()) {
    json list = json::array();
    for (const auto& item : node) list.push_back(to_json(item));
    return list;
  }
  const json parsed = json::parse(node.Scalar(), nullptr, false);
  return parsed.is_number() ? parsed : json(node.Scalar());
}

std::string a_of(std::size_t length) { return std::string(length, 'a'); }

class Crd : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    crd_ = YAML::LoadFile(GetParam().string());
    read_documents();
    ASSERT_FALSE(accepted_.empty());
  }

  YAML::Node schema() { return crd_["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]; }
  void walk(const YAML::Node& schema, const Path& path);

 private:
  void read_documents();
  /// A document that is accepted and has something there.
  [[nodiscard]] const json* document_with(const Path& path) const;
  void check_fields(const YAML::Node& schema, const Path& path, const json& document);
  void check_text(const YAML::Node& schema, const Path& path, json document);
  void check_integer(const YAML::Node& schema, const Path& path, json document);
  void check_list(const YAML::Node& schema, const Path& path, json document);
  void check_rules(const YAML::Node& schema, const Path& path);
  static void check_default(const YAML::Node& schema, const Path& path, json document);

  YAML::Node crd_;
  std::vector<json> accepted_;
  std::set<std::string> refused_titles_;
};

void Crd::read_documents() {
  std::string kind = crd_["spec"]["names"]["singular"].Scalar();
  std::ifstream file("tests/verdicts/" + kind + ".yaml");
  std::string line;
  std::string text;
  bool is_accepted = false;
  const auto take = [&] {
    const Decoded decoded = decode(text, "f");
    if (is_accepted && !decoded.raw.empty()) accepted_.push_back(json::parse(decoded.raw.front().json));
    text.clear();
  };
  while (std::getline(file, line)) {
    constexpr std::string_view kRefused = "--- # refused: ";
    if (!line.starts_with("---")) {
      text += line + "\n";
      continue;
    }
    take();
    is_accepted = line.starts_with("--- # accepted: ");
    if (line.starts_with(kRefused)) refused_titles_.insert(line.substr(kRefused.size()));
  }
  take();
}

const json* Crd::document_with(const Path& path) const {
  const auto has_it = [&](const json& document) { return document.contains(to_pointer(path)); };
  const auto found = std::ranges::find_if(accepted_, has_it);
  return found == accepted_.end() ? nullptr : &*found;
}

/// Every field of the schema is known, and no other; what is required is.
void Crd::check_fields(const YAML::Node& schema, const Path& path, const json& document) {
  std::set<std::string> expected;
  for (const auto& property : schema["properties"]) expected.insert(property.first.Scalar());
  json with_unknown = document;
  const std::string unknown(40, 'q');  // unlike any field, so that all that are known are listed
  with_unknown[to_pointer(path)][unknown] = 1;
  const auto messages = problems_at(with_unknown, path / unknown);
  ASSERT_EQ(messages.size(), 1U) << to_field(path);
  EXPECT_EQ(messages[0], fmt::format("unknown field \"{}\" (known here: {})", unknown, fmt::join(expected, ", ")))
      << to_field(path);
  for (const auto& name : schema["required"]) {
    json without = document;
    without[to_pointer(path)].erase(name.Scalar());
    EXPECT_TRUE(is_refused(without, path / name.Scalar())) << to_field(path / name.Scalar()) << " is required";
  }
}

/// Enumerations, lengths and patterns. Of texts with a CEL rule only what the pattern refuses can be told.
void Crd::check_text(const YAML::Node& schema, const Path& path, json document) {
  json& value = document[to_pointer(path)];
  value = 5;
  EXPECT_TRUE(is_refused(document, path)) << to_field(path) << " is a string";
  if (schema["enum"]) {
    for (const auto& word : schema["enum"]) {
      value = word.Scalar();
      EXPECT_FALSE(is_refused(document, path)) << to_field(path) << " " << word.Scalar();
    }
    value = "Alien";
    EXPECT_TRUE(is_refused(document, path)) << to_field(path) << " Alien";
    return;
  }
  const auto shortest = schema["minLength"] ? schema["minLength"].as<std::size_t>() : 0;
  const auto longest = schema["maxLength"].as<std::size_t>();
  const std::regex pattern(schema["pattern"] ? schema["pattern"].Scalar() : ".*");
  const bool has_rule = static_cast<bool>(schema["x-kubernetes-validations"]);
  for (const std::string& text : {std::string(),
                                  std::string("a"),
                                  std::string("A"),
                                  std::string("a.b"),
                                  std::string("a b"),
                                  std::string("-a"),
                                  std::string("a-"),
                                  std::string("a_b"),
                                  std::string("/"),
                                  std::string("/a%20b"),
                                  std::string("/a?b"),
                                  std::string("a/b"),
                                  std::string("*"),
                                  std::string("a*"),
                                  std::string("a*b"),
                                  std::string("1s"),
                                  std::string("1d"),
                                  std::string("1.5s"),
                                  std::string("1h1m1s1ms1ms"),
                                  std::string("100000s"),
                                  std::string("x:y"),
                                  a_of(longest),
                                  a_of(longest + 1),
                                  "/" + a_of(longest - 1),
                                  "/" + a_of(longest)}) {
    const bool is_allowed = text.size() >= shortest && text.size() <= longest && std::regex_search(text, pattern);
    if (has_rule && is_allowed) continue;
    value = text;
    EXPECT_EQ(is_refused(document, path), !is_allowed) << to_field(path) << " \"" << text << "\"";
  }
}

void Crd::check_integer(const YAML::Node& schema, const Path& path, json document) {
  json& value = document[to_pointer(path)];
  value = "1";
  EXPECT_TRUE(is_refused(document, path)) << to_field(path) << " is an integer";
  const auto lowest = schema["minimum"].as<std::int64_t>();
  const auto highest = schema["maximum"].as<std::int64_t>();
  for (const std::int64_t number : {lowest - 1, lowest, highest, highest + 1}) {
    value = number;
    EXPECT_EQ(is_refused(document, path), number < lowest || number > highest) << to_field(path) << " " << number;
  }
}

/// Bounds, and whether items may repeat.
void Crd::check_list(const YAML::Node& schema, const Path& path, json document) {
  json& value = document[to_pointer(path)];
  const json item = value.at(0);
  const auto at_most = schema["maxItems"].as<std::size_t>();
  const auto bounds = [&](std::size_t size) {
    value = json(size, item);
    return std::ranges::any_of(problems_at(document, path), [](const auto& text) { return text.starts_with("has "); });
  };
  EXPECT_FALSE(bounds(at_most)) << to_field(path);
  EXPECT_TRUE(bounds(at_most + 1)) << to_field(path);
  EXPECT_EQ(bounds(0), schema["minItems"] && schema["minItems"].as<int>() > 0) << to_field(path);
  const std::string type = schema["x-kubernetes-list-type"].Scalar();
  if (type == "atomic") return;
  value = json(2, item);
  Path second = path;
  const std::string last = second.back() + "[1]";
  second.back() = last;
  EXPECT_TRUE(is_refused(document, second)) << to_field(path) << " has unique items";
}

void Crd::check_rules(const YAML::Node& schema, const Path& path) {
  for (const auto& rule : schema["x-kubernetes-validations"]) {
    const std::string message = rule["message"].Scalar();
    EXPECT_TRUE(refused_titles_.contains(message))
        << "tests/verdicts has no refused document for the rule of " << to_field(path) << ": " << message;
  }
}

/// The default of the schema is what a field that is missing means to the decoder.
void Crd::check_default(const YAML::Node& schema, const Path& path, json document) {
  if (!schema["default"]) return;
  document[to_pointer(path)] = to_json(schema["default"]);
  json without = document;
  without[to_pointer(path).parent_pointer()].erase(path.back());
  EXPECT_TRUE(settings_of(without) == settings_of(document)) << to_field(path);
}

void Crd::walk(const YAML::Node& schema, const Path& path) {
  check_rules(schema, path);
  const json* document = document_with(path);
  ASSERT_NE(document, nullptr) << "no accepted document of tests/verdicts has " << to_field(path);
  check_default(schema, path, *document);
  const std::string type = schema["type"].Scalar();
  if (type == "object") {
    check_fields(schema, path, *document);
    for (const auto& property : schema["properties"]) walk(property.second, path / property.first.Scalar());
  } else if (type == "array") {
    check_list(schema, path, *document);
    walk(schema["items"], path / "0");
  } else if (type == "string") {
    check_text(schema, path, *document);
  } else if (type == "integer") {
    check_integer(schema, path, *document);
  } else {
    ADD_FAILURE() << to_field(path) << " has a type that this test does not know: " << type;
  }
}

TEST_P(Crd, SaysWhatTheDecoderSays) { walk(schema(), {"spec"}); }

std::vector<fs::path> find_crds() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("deploy/crds")) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, Crd, ::testing::ValuesIn(find_crds()), [](const auto& test) {
  return test.param.stem().string().substr(std::string("portcullis.dev_").size());
});

}  // namespace
}  // namespace gw::api
