// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/app_protocol.hpp"

#include <fmt/format.h>

namespace gw::translate {
namespace {

AppProtocol unsupported(const api::Service& service, const api::ServicePort& port, const std::string& why) {
  return {ir::BackendProtocol::Http,
          refusal(reason::kUnsupportedProtocol,
                  fmt::format("port {} of Service {} has appProtocol \"{}\", {}", port.port,
                              service.meta.namespaced_name().to_string(), port.app_protocol, why))};
}

bool is_http2(const std::string& protocol) {
  return protocol == "kubernetes.io/h2c" || protocol == "h2c" || protocol == "http2" || protocol == "grpc";
}

}  // namespace

AppProtocol app_protocol_of(const api::Service& service, const api::ServicePort& port, const std::string& route_kind) {
  const std::string& name = port.app_protocol;
  const bool is_web_socket = name == "kubernetes.io/ws" || name == "kubernetes.io/wss";
  if (route_kind == "GRPCRoute") {
    if (is_web_socket) return unsupported(service, port, "over which gRPC cannot be spoken");
    return {ir::BackendProtocol::H2c, {true, reason::kResolvedRefs, ""}};
  }
  if (is_http2(name)) return {ir::BackendProtocol::H2c, {true, reason::kResolvedRefs, ""}};
  // Names without a prefix are IANA's: what is none of HTTP's may still be spoken over it ("tcp" is common).
  if (is_web_socket || name.find('/') == std::string::npos) return {};
  return unsupported(service, port, "which is not known here (kubernetes.io/h2c, ws and wss are)");
}

}  // namespace gw::translate
