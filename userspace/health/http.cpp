// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/http.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::health {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// status-line = HTTP-version SP status-code SP [ reason-phrase ]; many leave the last space out with the reason.
/// 0 if the line is none.
std::uint16_t parse_status_line(std::string_view line) {
  const std::size_t code = kVersion.size() + 2;
  if (!line.starts_with(kVersion) || line.size() < code + 3) return 0;
  if (!is_digit(line[kVersion.size()]) || line[kVersion.size() + 1] != ' ') return 0;
  const std::string_view digits = line.substr(code, 3);
  if (!std::ranges::all_of(digits, is_digit) || digits[0] == '0') return 0;
  if (line.size() > code + 3 && line[code + 3] != ' ') return 0;
  return static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
}

std::string authority(const CheckTarget& target) {
  return target.address.with_port(target.check.port.value_or(target.port));
}

}  // namespace

std::string http_request(const CheckTarget& target) {
  const HttpCheck& http = *target.check.http;
  return fmt::format(
      "{} {} HTTP/1.1\r\n"
      "Host: {}\r\n"
      "User-Agent: portcullis-health-check\r\n"
      "Accept: */*\r\n"
      "Connection: close\r\n"
      "\r\n",
      http.method, http.path, http.host.empty() ? authority(target) : http.host);
}

bool is_expected(const HttpCheck& check, std::uint16_t status) {
  if (check.expected_statuses.empty()) return status >= 200 && status < 400;
  return std::ranges::binary_search(check.expected_statuses, status);
}

HttpStatusReader::Progress HttpStatusReader::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (++taken_ > kMost) return Progress::Malformed;
    if (byte != '\n') {
      line_ += byte;
      // Whatever speaks another protocol may never end the line.
      const bool is_other = !in_interim_ && line_.size() <= kVersion.size() && !kVersion.starts_with(line_);
      if (is_other) return Progress::Malformed;
      continue;
    }
    const Progress progress = end_line();
    if (progress != Progress::More) return progress;
  }
  return Progress::More;
}

HttpStatusReader::Progress HttpStatusReader::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  const std::string line = std::move(line_);
  line_.clear();
  if (in_interim_) {
    if (line.empty()) in_interim_ = false;
    return Progress::More;
  }
  status_ = parse_status_line(line);
  if (status_ == 0) return Progress::Malformed;
  in_interim_ = status_ < 200;
  return in_interim_ ? Progress::More : Progress::Done;
}

}  // namespace gw::health
