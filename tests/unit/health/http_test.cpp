// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/http.hpp"

#include <gtest/gtest.h>

namespace gw::health {
namespace {

using Progress = HttpStatusReader::Progress;

CheckTarget target(const char* address) {
  CheckTarget made{IpAddress::parse(address).value(), 9000, {}};
  made.check.http = HttpCheck{};
  return made;
}

/// The status of the whole response; 0 if it is malformed, 1 if there is more to come.
int status_of(std::string_view response) {
  HttpStatusReader reader;
  switch (reader.feed(response)) {
    case Progress::More: return 1;
    case Progress::Malformed: return 0;
    case Progress::Done: break;
  }
  return reader.status();
}

TEST(HttpRequest, IsOneThatAnyServerTakes) {
  CheckTarget asked = target("10.0.0.1");
  asked.check.http =
      HttpCheck{.method = "HEAD", .path = "/healthz?full=1", .host = "shop.example", .expected_statuses = {}};
  EXPECT_EQ(http_request(asked),
            "HEAD /healthz?full=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: portcullis-health-check\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequest, NamesTheEndpointAsHostIfNothingElseIsAskedFor) {
  EXPECT_NE(http_request(target("10.0.0.1")).find("\r\nHost: 10.0.0.1:9000\r\n"), std::string::npos);
  CheckTarget other_port = target("2001:db8::1");
  other_port.check.port = 8080;
  EXPECT_NE(http_request(other_port).find("\r\nHost: [2001:db8::1]:8080\r\n"), std::string::npos);
}

TEST(HttpStatus, ByDefaultIsRightFrom200To399) {
  for (const auto& [status, right] :
       {std::pair{199, false}, {200, true}, {204, true}, {399, true}, {400, false}, {503, false}}) {
    EXPECT_EQ(is_expected({}, static_cast<std::uint16_t>(status)), right) << status;
  }
  const HttpCheck teapot{.expected_statuses = {200, 418}};
  EXPECT_TRUE(is_expected(teapot, 418));
  EXPECT_FALSE(is_expected(teapot, 204));
}

TEST(HttpStatus, IsReadFromTheStatusLine) {
  EXPECT_EQ(status_of("HTTP/1.1 200 OK\r\n"), 200);
  EXPECT_EQ(status_of("HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), 503);
  EXPECT_EQ(status_of("HTTP/1.1 204 \r\n"), 204);
  EXPECT_EQ(status_of("HTTP/1.1 204\r\n"), 204);   // no reason, no space: common
  EXPECT_EQ(status_of("HTTP/1.1 200 OK\n"), 200);  // RFC 9112 section 2.2: a lone LF may be taken for a line's end
  EXPECT_EQ(status_of("HTTP/1.1 200 OK"), 1);
  EXPECT_EQ(status_of(""), 1);
}

TEST(HttpStatus, MayComeByteByByte) {
  HttpStatusReader reader;
  const std::string_view response = "HTTP/1.1 302 Found\r\n";
  for (std::size_t i = 0; i + 1 < response.size(); ++i)
    ASSERT_EQ(reader.feed(response.substr(i, 1)), Progress::More) << i;
  EXPECT_EQ(reader.feed("\n"), Progress::Done);
  EXPECT_EQ(reader.status(), 302);
}

TEST(HttpStatus, InterimResponsesAreSkipped) {
  EXPECT_EQ(status_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), 200);
  EXPECT_EQ(
      status_of("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX: HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 Not Found\r\n"),
      404);
  EXPECT_EQ(status_of("HTTP/1.1 100 Continue\r\n\r\n"), 1);
}

TEST(HttpStatus, GarbageIsMalformedAsSoonAsItShows) {
  for (const char* garbage :
       {"SSH-2.0-OpenSSH_9.2", "h", "\x15\x03\x01", "HTTP/2", "\r\n", "HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 -20 OK\r\n", "HTTP/1.1 099 OK\r\n", "HTTP/1.x 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n", "HTTP/1.1200 OK\r\n", " HTTP/1.1 200 OK\r\n"}) {
    EXPECT_EQ(status_of(garbage), 0) << garbage;
  }
  EXPECT_EQ(status_of(std::string_view("\0\0\0", 3)), 0);
}

TEST(HttpStatus, AResponseWithoutEndIsMalformed) {
  EXPECT_EQ(status_of("HTTP/1.1 200 " + std::string(HttpStatusReader::kMost, 'x')), 0);
  std::string interim;
  while (interim.size() <= HttpStatusReader::kMost) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(status_of(interim), 0);
}

}  // namespace
}  // namespace gw::health
