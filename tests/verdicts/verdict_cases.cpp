// SPDX-License-Identifier: Apache-2.0
// tests/verdicts: documents with what a cluster says of them. Each is accepted or refused here too, and what is said of
// the refused ones is in NAME.problems.txt, with line and column. `golden_verdicts --update` writes those files.
// A few are marked `stricter`: a cluster accepts what can only be a mistake, and we do not (docs/api.md has the list).
//
// `./dev conformance verdicts` asks a real kube-apiserver about the same documents.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/support/golden.hpp"
#include "userspace/api/decode.hpp"

namespace gw {
namespace {

namespace fs = std::filesystem;

struct VerdictCase {
  std::string title;
  bool is_accepted = false;
  std::string text;
  int line = 0;  ///< lines of the file before the document
};

/// A document begins with "--- # accepted: TITLE", or with "refused" or "stricter" instead.
std::vector<VerdictCase> read_cases(const fs::path& path) {
  std::vector<VerdictCase> cases;
  std::istringstream lines(testing::read_text(path));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    constexpr std::string_view kMark = "--- # ";
    if (const auto colon = line.find(": "); line.starts_with(kMark) && colon != std::string::npos) {
      const bool is_accepted = line.substr(kMark.size(), colon - kMark.size()) == "accepted";
      cases.push_back({line.substr(colon + 2), is_accepted, "", number});
    } else if (!cases.empty()) {
      cases.back().text += line + "\n";
    }
  }
  return cases;
}

std::string problems_of(const VerdictCase& verdict_case) {
  std::string text;
  for (api::Problem problem : api::decode(verdict_case.text, "").problems) {
    problem.location.line += verdict_case.line;
    text += problem.to_string() + "\n";
  }
  return text;
}

class Verdicts : public ::testing::TestWithParam<fs::path> {};

TEST_P(Verdicts, AreThoseOfACluster) {
  std::string refused;
  for (const VerdictCase& verdict_case : read_cases(GetParam())) {
    const std::string problems = problems_of(verdict_case);
    EXPECT_EQ(problems.empty(), verdict_case.is_accepted) << verdict_case.title << "\n" << problems;
    if (!problems.empty()) refused += fmt::format("# {}\n{}", verdict_case.title, problems);
  }
  fs::path expected = GetParam();
  expected.replace_extension("problems.txt");
  testing::expect_file(expected, refused);
}

std::vector<fs::path> find_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("tests/verdicts")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string file_name(const ::testing::TestParamInfo<fs::path>& test) { return testing::test_name(test.param.stem()); }

INSTANTIATE_TEST_SUITE_P(Files, Verdicts, ::testing::ValuesIn(find_files()), file_name);

}  // namespace
}  // namespace gw

int main(int argc, char** argv) { return gw::testing::run_golden_tests(argc, argv); }
