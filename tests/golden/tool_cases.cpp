// SPDX-License-Identifier: Apache-2.0
// What `gwctl analyze` and `gwctl convert` print, compared with a file of each case as text. `--update` rewrites them.
//
// tests/golden/analyze/CASE: in.yaml is the change, delete.yaml is what is deleted instead, before.yaml is what was
// there. tests/golden/convert/CASE: in.yaml; what comes out must be accepted by `portcullis check`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/support/golden.hpp"
#include "userspace/api/decode.hpp"
#include "userspace/cli/commands.hpp"

namespace gw::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases_below(const char* directory) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(directory)) cases.push_back(entry.path());
  std::ranges::sort(cases);
  return cases;
}

std::string case_name(const ::testing::TestParamInfo<fs::path>& test) {
  return testing::test_name(test.param.filename().string());
}

/// Places as if one stood in the case's directory.
std::string without_directory(std::string text, const fs::path& directory) {
  const std::string prefix = directory.string() + "/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) text.erase(at, prefix.size());
  return text;
}

/// A command's streams; there is neither daemon nor maps.
struct Session {
  std::ostringstream out;
  std::ostringstream err;
  Env env{.out = out,
          .err = err,
          .ask = [](const std::string&) -> Result<std::string> { return fail("no daemon"); },
          .read_maps = []() -> Result<MapView> { return fail("no maps"); }};
};

class AnalyzeCase : public ::testing::TestWithParam<fs::path> {};

TEST_P(AnalyzeCase, SaysWhatIsExpected) {
  const fs::path& directory = GetParam();
  const bool is_deletion = fs::exists(directory / "delete.yaml");
  ChangeRequest request;
  request.files = {(directory / (is_deletion ? "delete.yaml" : "in.yaml")).string()};
  request.action = is_deletion ? analyze::Action::Delete : analyze::Action::Apply;
  request.state = fs::exists(directory / "before.yaml") ? (directory / "before.yaml").string() : "none";
  Session session;
  const int code = analyze_change(session.env, request, Output::Table);
  EXPECT_EQ(session.err.str(), "");
  testing::expect_file(directory / "out.txt",
                       fmt::format("{}exit code {}\n", without_directory(session.out.str(), directory), code));
}

INSTANTIATE_TEST_SUITE_P(Cases, AnalyzeCase, ::testing::ValuesIn(cases_below("tests/golden/analyze")), case_name);

class ConvertCase : public ::testing::TestWithParam<fs::path> {};

TEST_P(ConvertCase, GivesWhatIsExpectedAndIsAccepted) {
  const fs::path& directory = GetParam();
  Session session;
  const int code = convert_files(session.env, {(directory / "in.yaml").string()}, Output::Yaml);
  const std::string text = without_directory(session.out.str(), directory);
  testing::expect_file(directory / "out.yaml", text);
  EXPECT_EQ(code, session.err.str().empty() ? kOk : kFindings) << session.err.str();
  const api::Decoded decoded = api::decode(text, "out.yaml");
  for (const auto& problem : decoded.problems) ADD_FAILURE() << problem.to_string();
  EXPECT_FALSE(text.find("apiVersion") != std::string::npos && decoded.raw.empty());
}

INSTANTIATE_TEST_SUITE_P(Cases, ConvertCase, ::testing::ValuesIn(cases_below("tests/golden/convert")), case_name);

}  // namespace
}  // namespace gw::cli

int main(int argc, char** argv) { return gw::testing::run_golden_tests(argc, argv); }
