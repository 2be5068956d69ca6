// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/decode.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>

#include "userspace/api/kinds.hpp"
#include "userspace/api/utf8.hpp"

namespace gw::api {
namespace {

/// Bounds that only a hostile document exceeds. Aliases count each time they are used.
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr int kMaxDepth = 64;

constexpr const char* kDiscoveryGroup = "discovery.k8s.io";

/// One document of the text: where it begins.
struct Document {
  std::string_view text;
  int first_line = 0;  ///< lines of the file before it
};

bool is_document_marker(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

/// "---" at the beginning of a line separates documents, whatever stands around it (YAML 1.2, section 9.1.2). Splitting
/// first keeps one broken document from hiding those behind it.
std::vector<Document> split(std::string_view text) {
  std::vector<Document> documents;
  std::size_t begin = 0;
  int begin_line = 0;
  int line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (at > begin && is_document_marker(text.substr(at, end - at))) {
      documents.push_back({text.substr(begin, at - begin), begin_line});
      begin = at;
      begin_line = line;
    }
    at = end + 1;
  }
  documents.push_back({text.substr(std::min(begin, text.size())), begin_line});
  return documents;
}

/// Where the document is no UTF-8, if anywhere.
std::optional<Problem> utf8_problem(const Document& document, const std::string& file) {
  const std::size_t bad = find_bad_utf8(document.text);
  if (bad == document.text.size()) return std::nullopt;
  const std::string_view before = document.text.substr(0, bad);
  const auto lines = static_cast<int>(std::ranges::count(before, '\n'));
  const auto column = static_cast<int>(bad - (before.rfind('\n') + 1)) + 1;
  return Problem{{file, document.first_line + lines + 1, column},
                 "",
                 "",
                 fmt::format("is not UTF-8: byte 0x{:02x} is of no character (save the file as UTF-8)",
                             static_cast<unsigned char>(document.text[bad]))};
}

bool is_within_bounds(const YAML::Node& node, std::size_t& nodes, int depth) {
  if (++nodes > kMaxNodes || depth > kMaxDepth) return false;
  if (node.IsSequence()) {
    return std::ranges::all_of(node, [&](const auto& item) { return is_within_bounds(item, nodes, depth + 1); });
  }
  if (!node.IsMap()) return true;
  return std::ranges::all_of(node, [&](const auto& entry) { return is_within_bounds(entry.second, nodes, depth + 1); });
}

std::string scalar(const YAML::Node& map, const char* key) {
  const YAML::Node value = map && map.IsMap() ? map[key] : YAML::Node();
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

/// Whose object this is, as far as it can be told.
struct Identity {
  std::string api_version;
  std::string group;
  std::string version;
  std::string kind;
};

Identity identify(const std::string& api_version, const std::string& kind) {
  const auto slash = api_version.find('/');
  if (slash == std::string::npos) return {api_version, "", api_version, kind};
  return {api_version, api_version.substr(0, slash), api_version.substr(slash + 1), kind};
}

/// The document as it is, but for the bytes of a Secret: whoever may read what we publish need not know them. kubectl
/// leaves a copy of them in an annotation.
std::string raw_json(const Cursor& cursor, const Identity& identity) {
  if (identity.kind != "Secret") return to_json(cursor.node());
  YAML::Node shown = YAML::Clone(cursor.node());
  YAML::Node annotations = shown["metadata"]["annotations"];
  if (annotations && annotations.IsMap()) annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
  for (const char* field : {"data", "stringData"}) {
    if (!shown[field] || !shown[field].IsMap()) continue;
    for (auto entry : shown[field]) entry.second = fmt::format("({} characters)", entry.second.Scalar().size());
  }
  return to_json(shown);
}

/// A decoder run: one text.
class Decoder {
 public:
  explicit Decoder(const std::string& file) { context_.file = file; }

  void document(const Document& document);
  Decoded take() && {
    result_.problems = std::move(context_.problems);
    return std::move(result_);
  }

  // Members of the table of kinds: what an object of a kind consists of, and where it goes.

  /// A kind whose fields are in `spec`.
  template <auto Member, auto DecodeSpec>
  void take_spec(Fields& fields, const ObjectMeta& meta, const Cursor& cursor, const Identity& identity);
  /// A kind whose fields stand beside the metadata.
  template <auto Member, auto DecodeObject>
  void take_object(Fields& fields, const ObjectMeta& meta, const Cursor& cursor, const Identity& identity);

 private:
  void object(const Cursor& cursor);
  void list(const Cursor& cursor);
  void known_object(const Cursor& cursor, const Identity& identity);
  void unknown_kind(const Cursor& cursor, const Identity& identity);
  void name_object(const Cursor& cursor, const Identity& identity, Scope scope);
  template <typename Kind>
  void keep(Kind kind, Objects<Kind>& into, const Cursor& cursor, const Identity& identity);

  DecodeContext context_;
  Decoded result_;
  std::size_t problems_before_ = 0;
  std::set<ObjectRef> seen_;
};

/// One line of the table of kinds.
struct ServedKind {
  std::string_view api_version;
  std::string_view kind;
  void (Decoder::*take)(Fields&, const ObjectMeta&, const Cursor&, const Identity&);
  Scope scope = Scope::Namespaced;
  Check check_name = check_dns_subdomain;
};

std::span<const ServedKind> served_kinds();

void Decoder::document(const Document& document) {
  context_.line_offset = document.first_line;
  context_.object.clear();
  if (auto problem = utf8_problem(document, context_.file)) {
    context_.problems.push_back(std::move(*problem));
    result_.incomplete = true;
    return;
  }
  try {
    const YAML::Node root = YAML::Load(std::string(document.text));
    if (!root || root.IsNull()) return;
    std::size_t nodes = 0;
    const Cursor cursor(root, "", context_);
    if (!is_within_bounds(root, nodes, 0)) {
      cursor.problem(
          fmt::format("is nested too deeply or too large (at most {} levels, {} nodes)", kMaxDepth, kMaxNodes));
      result_.incomplete = true;
      return;
    }
    object(cursor);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? document.first_line + 1 : error.mark.line + 1 + document.first_line;
    context_.problems.push_back({{context_.file, line, error.mark.column + 1}, "", "", "is not YAML: " + error.msg});
    result_.incomplete = true;
  }
}

void Decoder::object(const Cursor& cursor) {
  context_.object.clear();
  problems_before_ = context_.problems.size();
  Fields fields(cursor);
  const auto api_version = fields.require("apiVersion");
  const auto kind = fields.require("kind");
  const Identity identity =
      identify(api_version ? api_version->string() : std::string(), kind ? kind->string() : std::string());
  if (identity.api_version.empty() || identity.kind.empty()) {
    result_.incomplete = true;
    return;
  }
  // Keys that occur twice are reported again by the kind's decoder, which knows the object's name.
  context_.problems.resize(problems_before_);
  if (identity.kind == "List" && identity.api_version == "v1") {
    list(cursor);
    return;
  }
  known_object(cursor, identity);
}

void Decoder::list(const Cursor& cursor) {
  Fields fields(cursor);
  fields.ignore({"apiVersion", "kind", "metadata"});
  const auto items = fields.require("items");
  fields.finish();
  if (!items) return;
  for (const auto& item : items->items(0, kMaxNodes)) object(Cursor(item.node(), "", context_));
}

/// The name for messages, read ahead of the metadata's own problems.
void Decoder::name_object(const Cursor& cursor, const Identity& identity, Scope scope) {
  const YAML::Node metadata = cursor.node()["metadata"];
  std::string ns = scalar(metadata, "namespace");
  if (ns.empty()) ns = kDefaultNamespace;
  const ObjectRef ref{identity.group, identity.version, identity.kind, scope == Scope::Cluster ? "" : ns,
                      scalar(metadata, "name")};
  context_.object = ref.to_string();
}

template <typename Kind>
void Decoder::keep(Kind kind, Objects<Kind>& into, const Cursor& cursor, const Identity& identity) {
  const ObjectRef ref{identity.group, identity.version, identity.kind, kind.meta.ns, kind.meta.name};
  const ObjectRef unversioned{identity.group, "", identity.kind, kind.meta.ns, kind.meta.name};
  if (!kind.meta.name.empty() && !seen_.insert(unversioned).second) {
    cursor.problem("is defined twice in this file (the first one counts)");
    return;
  }
  if (context_.problems.size() != problems_before_) {
    if (!kind.meta.name.empty()) result_.rejected.push_back(ref);
    if (kind.meta.name.empty()) result_.incomplete = true;
    return;
  }
  result_.raw.push_back({ref, raw_json(cursor, identity), kind.meta.location});
  into.push_back(std::move(kind));
}

/// An object of the vector that `Member` points to.
template <auto Member>
auto begin_object(const ObjectMeta& meta, const Identity& identity) {
  typename std::remove_reference_t<decltype(std::declval<ResourceSet&>().*Member)>::value_type object;
  object.meta = meta;
  if constexpr (requires { object.version; }) object.version = identity.version;
  if constexpr (requires { object.group; }) object.group = identity.group;
  if constexpr (requires { object.kind; }) object.kind = identity.kind;
  return object;
}

template <auto Member, auto DecodeSpec>
void Decoder::take_spec(Fields& fields, const ObjectMeta& meta, const Cursor& cursor, const Identity& identity) {
  auto object = begin_object<Member>(meta, identity);
  if (const auto spec = fields.require("spec")) DecodeSpec(*spec, object);
  fields.finish();
  keep(std::move(object), result_.objects.*Member, cursor, identity);
}

template <auto Member, auto DecodeObject>
void Decoder::take_object(Fields& fields, const ObjectMeta& meta, const Cursor& cursor, const Identity& identity) {
  auto object = begin_object<Member>(meta, identity);
  DecodeObject(cursor, fields, object);
  fields.finish();
  keep(std::move(object), result_.objects.*Member, cursor, identity);
}

#define GATEWAY_API(version) "gateway.networking.k8s.io/" version
#define LEGACY_API "networking.x-k8s.io/v1alpha1"
#define PORTCULLIS_API "portcullis.dev/v1alpha1"

std::span<const ServedKind> served_kinds() {
  using Set = ResourceSet;
  constexpr auto gateway_class = &Decoder::take_spec<&Set::gateway_classes, decode_gateway_class>;
  constexpr auto gateway = &Decoder::take_spec<&Set::gateways, decode_gateway>;
  constexpr auto listener_set = &Decoder::take_spec<&Set::listener_sets, decode_listener_set>;
  constexpr auto http_route = &Decoder::take_spec<&Set::http_routes, decode_http_route>;
  constexpr auto grpc_route = &Decoder::take_spec<&Set::grpc_routes, decode_grpc_route>;
  constexpr auto tls_route = &Decoder::take_spec<&Set::tls_routes, decode_tls_route>;
  constexpr auto l4_route = &Decoder::take_spec<&Set::l4_routes, decode_l4_route>;
  constexpr auto grant = &Decoder::take_spec<&Set::reference_grants, decode_reference_grant>;
  constexpr auto tls_policy = &Decoder::take_spec<&Set::backend_tls_policies, decode_backend_tls_policy>;
  constexpr auto legacy_class = &Decoder::take_spec<&Set::gateway_classes, decode_legacy_gateway_class>;
  constexpr auto legacy_gateway = &Decoder::take_spec<&Set::gateways, decode_legacy_gateway>;
  constexpr auto legacy_http_route = &Decoder::take_spec<&Set::http_routes, decode_legacy_http_route>;
  constexpr auto legacy_tls_route = &Decoder::take_spec<&Set::tls_routes, decode_legacy_tls_route>;
  constexpr auto legacy_l4_route = &Decoder::take_spec<&Set::l4_routes, decode_legacy_l4_route>;
  constexpr auto backend_policy = &Decoder::take_spec<&Set::backend_policies, decode_backend_policy>;
  constexpr auto upstream_policy = &Decoder::take_spec<&Set::upstream_policies, decode_upstream_policy>;
  constexpr auto client_policy = &Decoder::take_spec<&Set::client_policies, decode_client_policy>;
  constexpr auto class_config = &Decoder::take_spec<&Set::gateway_class_configs, decode_gateway_class_config>;
  constexpr auto service = &Decoder::take_spec<&Set::services, decode_service>;
  constexpr auto slice = &Decoder::take_object<&Set::endpoint_slices, decode_endpoint_slice>;
  constexpr auto secret = &Decoder::take_object<&Set::secrets, decode_secret>;
  constexpr auto config_map = &Decoder::take_object<&Set::config_maps, decode_config_map>;
  constexpr auto ns = &Decoder::take_object<&Set::namespaces, decode_namespace>;
  static constexpr std::array kinds = {
      ServedKind{GATEWAY_API("v1"), "GatewayClass", gateway_class, Scope::Cluster},
      ServedKind{GATEWAY_API("v1beta1"), "GatewayClass", gateway_class, Scope::Cluster},
      ServedKind{GATEWAY_API("v1"), "Gateway", gateway},
      ServedKind{GATEWAY_API("v1beta1"), "Gateway", gateway},
      ServedKind{GATEWAY_API("v1"), "ListenerSet", listener_set},
      ServedKind{GATEWAY_API("v1"), "HTTPRoute", http_route},
      ServedKind{GATEWAY_API("v1beta1"), "HTTPRoute", http_route},
      ServedKind{GATEWAY_API("v1"), "GRPCRoute", grpc_route},
      ServedKind{GATEWAY_API("v1"), "TLSRoute", tls_route},
      ServedKind{GATEWAY_API("v1alpha3"), "TLSRoute", tls_route},
      ServedKind{GATEWAY_API("v1alpha2"), "TLSRoute", tls_route},
      ServedKind{GATEWAY_API("v1"), "TCPRoute", l4_route},
      ServedKind{GATEWAY_API("v1alpha2"), "TCPRoute", l4_route},
      ServedKind{GATEWAY_API("v1"), "UDPRoute", l4_route},
      ServedKind{GATEWAY_API("v1alpha2"), "UDPRoute", l4_route},
      ServedKind{GATEWAY_API("v1"), "ReferenceGrant", grant},
      ServedKind{GATEWAY_API("v1beta1"), "ReferenceGrant", grant},
      ServedKind{GATEWAY_API("v1"), "BackendTLSPolicy", tls_policy},
      ServedKind{GATEWAY_API("v1alpha3"), "BackendTLSPolicy", tls_policy},
      ServedKind{LEGACY_API, "GatewayClass", legacy_class, Scope::Cluster},
      ServedKind{LEGACY_API, "Gateway", legacy_gateway},
      ServedKind{LEGACY_API, "HTTPRoute", legacy_http_route},
      ServedKind{LEGACY_API, "TLSRoute", legacy_tls_route},
      ServedKind{LEGACY_API, "TCPRoute", legacy_l4_route},
      ServedKind{LEGACY_API, "UDPRoute", legacy_l4_route},
      ServedKind{LEGACY_API, "BackendPolicy", backend_policy},
      ServedKind{PORTCULLIS_API, "UpstreamPolicy", upstream_policy},
      ServedKind{PORTCULLIS_API, "ClientPolicy", client_policy},
      ServedKind{"portcullis.dev/v1alpha1", "GatewayClassConfig", class_config},
      ServedKind{"v1", "Service", service, Scope::Namespaced, check_dns_label},
      ServedKind{"discovery.k8s.io/v1", "EndpointSlice", slice},
      ServedKind{"v1", "Secret", secret},
      ServedKind{"v1", "ConfigMap", config_map},
      ServedKind{"v1", "Namespace", ns, Scope::Cluster, check_dns_label}};
  return kinds;
}

#undef GATEWAY_API
#undef LEGACY_API
#undef PORTCULLIS_API

bool is_our_group(const std::string& group) {
  return group == kGatewayGroup || group == kLegacyGroup || group == kDiscoveryGroup || group == kPolicyGroup;
}

/// The versions of the kind that are served, or else the kinds of the group.
std::string what_is_served(const Identity& identity) {
  std::set<std::string> versions;
  std::set<std::string> kinds;
  for (const ServedKind& served : served_kinds()) {
    const Identity known = identify(std::string(served.api_version), std::string(served.kind));
    if (known.group != identity.group) continue;
    kinds.insert(known.kind);
    if (known.kind == identity.kind) versions.insert(known.version);
  }
  return fmt::format("{}", fmt::join(versions.empty() ? kinds : versions, ", "));
}

/// Deployments, Pods and the like may stand in the same files: they are not for us.
void Decoder::unknown_kind(const Cursor& cursor, const Identity& identity) {
  if (!is_our_group(identity.group)) return;
  name_object(cursor, identity, Scope::Namespaced);
  cursor.problem(fmt::format("{} {} is not served by this version (served: {})", identity.api_version, identity.kind,
                             what_is_served(identity)));
}

void Decoder::known_object(const Cursor& cursor, const Identity& identity) {
  const auto is_it = [&identity](const ServedKind& served) {
    return served.kind == identity.kind && served.api_version == identity.api_version;
  };
  const auto served = std::ranges::find_if(served_kinds(), is_it);
  if (served == served_kinds().end()) {
    unknown_kind(cursor, identity);
    return;
  }
  name_object(cursor, identity, served->scope);
  Fields fields(cursor);
  fields.ignore({"apiVersion", "kind", "status"});
  const ObjectMeta meta = decode_meta(fields, cursor, served->scope, served->check_name);
  (this->*served->take)(fields, meta, cursor, identity);
}

void find_objects(const YAML::Node& node, std::string_view group, const DecodeContext& context,
                  std::vector<RawObject>& found) {
  if (!node || !node.IsMap()) return;
  const Identity identity = identify(scalar(node, "apiVersion"), scalar(node, "kind"));
  if (identity.kind == "List" && identity.api_version == "v1") {
    for (const auto& item : node["items"]) find_objects(item, group, context, found);
    return;
  }
  if (identity.group != group) return;
  std::string ns = scalar(node["metadata"], "namespace");
  if (ns.empty()) ns = kDefaultNamespace;
  found.push_back({{identity.group, identity.version, identity.kind, ns, scalar(node["metadata"], "name")},
                   to_json(node),
                   context.locate(node)});
}

}  // namespace

std::vector<RawObject> find_documents(std::string_view text, const std::string& file, std::string_view group) {
  std::vector<RawObject> found;
  DecodeContext context;
  context.file = file;
  for (const auto& document : split(text)) {
    context.line_offset = document.first_line;
    if (utf8_problem(document, file)) continue;  // decode() says where
    try {
      const YAML::Node root = YAML::Load(std::string(document.text));
      std::size_t nodes = 0;
      if (is_within_bounds(root, nodes, 0)) find_objects(root, group, context, found);
    } catch (const YAML::Exception&) {
      continue;  // decode() says where
    }
  }
  return found;
}

Decoded decode(std::string_view text, const std::string& file) {
  Decoder decoder(file);
  for (const Document& document : split(text)) decoder.document(document);
  return std::move(decoder).take();
}

}  // namespace gw::api
