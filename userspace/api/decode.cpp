// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "userspace/api/kinds.hpp"

namespace gw::api {
namespace {

/// Bounds that only a hostile document exceeds. Aliases count each time they are used.
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr int kMaxDepth = 64;

constexpr const char* kDiscoveryGroup = "discovery.k8s.io";
constexpr const char* kPolicyGroup = "portcullis.dev";

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

bool is_within_bounds(const YAML::Node& node, std::size_t& nodes, int depth) {
  if (++nodes > kMaxNodes || depth > kMaxDepth) return false;
  if (node.IsSequence()) {
    return std::ranges::all_of(node, [&](const auto& item) { return is_within_bounds(item, nodes, depth + 1); });
  }
  if (!node.IsMap()) return true;
  return std::ranges::all_of(node, [&](const auto& entry) { return is_within_bounds(entry.second, nodes, depth + 1); });
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

/// A decoder run: one text.
class Decoder {
 public:
  explicit Decoder(const std::string& file) { context_.file = file; }

  void document(const Document& document);
  Decoded take() && {
    result_.problems = std::move(context_.problems);
    return std::move(result_);
  }

 private:
  void object(const Cursor& cursor);
  void list(const Cursor& cursor);
  void known_object(const Cursor& cursor, const Identity& identity);
  void unknown_kind(const Cursor& cursor, const Identity& identity);
  ObjectMeta meta(Fields& fields, const Cursor& cursor, const Identity& identity, Scope scope);
  template <typename Kind>
  void keep(Kind kind, std::vector<Kind>& into, const Cursor& cursor, const Identity& identity);
  template <typename Kind>
  Kind with_spec(Fields& fields, const ObjectMeta& meta, void (*decode_spec)(const Cursor&, Kind&));
  void decode_kind(Fields& fields, const Cursor& cursor, const Identity& identity);

  DecodeContext context_;
  Decoded result_;
  std::size_t problems_before_ = 0;
  std::set<ObjectRef> seen_;
};

void Decoder::document(const Document& document) {
  context_.line_offset = document.first_line;
  context_.object.clear();
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

ObjectMeta Decoder::meta(Fields& fields, const Cursor& cursor, const Identity& identity, Scope scope) {
  // The name for messages, read ahead of the metadata's own problems.
  const YAML::Node metadata = cursor.node()["metadata"];
  const auto text = [&metadata](const char* key) {
    const YAML::Node value = metadata && metadata.IsMap() ? metadata[key] : YAML::Node();
    return value && value.IsScalar() ? value.Scalar() : std::string();
  };
  std::string ns = text("namespace");
  if (ns.empty()) ns = kDefaultNamespace;
  const ObjectRef ref{identity.group, identity.version, identity.kind, scope == Scope::Cluster ? "" : ns, text("name")};
  context_.object = ref.to_string();
  fields.ignore({"apiVersion", "kind", "status"});
  return decode_meta(fields, cursor, scope);
}

template <typename Kind>
void Decoder::keep(Kind kind, std::vector<Kind>& into, const Cursor& cursor, const Identity& identity) {
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
  result_.raw.push_back({ref, to_json(cursor.node()), kind.meta.location});
  into.push_back(std::move(kind));
}

template <typename Kind>
Kind Decoder::with_spec(Fields& fields, const ObjectMeta& meta, void (*decode_spec)(const Cursor&, Kind&)) {
  Kind kind;
  kind.meta = meta;
  if (const auto spec = fields.require("spec")) decode_spec(*spec, kind);
  fields.finish();
  return kind;
}

void Decoder::decode_kind(Fields& fields, const Cursor& cursor, const Identity& identity) {
  const bool is_legacy = identity.group == kLegacyGroup;
  const bool is_cluster = identity.kind == "GatewayClass" || identity.kind == "Namespace";
  const ObjectMeta common = meta(fields, cursor, identity, is_cluster ? Scope::Cluster : Scope::Namespaced);
  const auto versioned = [&identity](auto kind) {
    kind.group = identity.group;
    kind.version = identity.version;
    return kind;
  };
  ResourceSet& objects = result_.objects;
  if (identity.kind == "GatewayClass") {
    const auto decode_spec = is_legacy ? decode_legacy_gateway_class : decode_gateway_class;
    keep(versioned(with_spec<GatewayClass>(fields, common, decode_spec)), objects.gateway_classes, cursor, identity);
  } else if (identity.kind == "Gateway") {
    const auto decode_spec = is_legacy ? decode_legacy_gateway : decode_gateway;
    keep(versioned(with_spec<Gateway>(fields, common, decode_spec)), objects.gateways, cursor, identity);
  } else if (identity.kind == "TCPRoute" || identity.kind == "UDPRoute") {
    const auto decode_spec = is_legacy ? decode_legacy_l4_route : decode_l4_route;
    L4Route route = versioned(with_spec<L4Route>(fields, common, decode_spec));
    route.kind = identity.kind;
    keep(std::move(route), objects.l4_routes, cursor, identity);
  } else if (identity.kind == "ReferenceGrant") {
    keep(with_spec<ReferenceGrant>(fields, common, decode_reference_grant), objects.reference_grants, cursor, identity);
  } else if (identity.kind == "Service") {
    keep(with_spec<Service>(fields, common, decode_service), objects.services, cursor, identity);
  } else if (identity.kind == "EndpointSlice") {
    EndpointSlice slice;
    slice.meta = common;
    decode_endpoint_slice(fields, slice);
    fields.finish();
    keep(std::move(slice), objects.endpoint_slices, cursor, identity);
  } else {
    Namespace ns;
    ns.meta = common;
    ns.meta.labels["kubernetes.io/metadata.name"] = common.name;
    fields.ignore({"spec"});
    fields.finish();
    keep(std::move(ns), objects.namespaces, cursor, identity);
  }
}

bool is_served(const Identity& identity) {
  static const std::set<std::pair<std::string, std::string>> served = {
      {"gateway.networking.k8s.io/v1", "GatewayClass"},
      {"gateway.networking.k8s.io/v1beta1", "GatewayClass"},
      {"gateway.networking.k8s.io/v1", "Gateway"},
      {"gateway.networking.k8s.io/v1beta1", "Gateway"},
      {"gateway.networking.k8s.io/v1", "TCPRoute"},
      {"gateway.networking.k8s.io/v1alpha2", "TCPRoute"},
      {"gateway.networking.k8s.io/v1", "UDPRoute"},
      {"gateway.networking.k8s.io/v1alpha2", "UDPRoute"},
      {"gateway.networking.k8s.io/v1", "ReferenceGrant"},
      {"gateway.networking.k8s.io/v1beta1", "ReferenceGrant"},
      {"networking.x-k8s.io/v1alpha1", "GatewayClass"},
      {"networking.x-k8s.io/v1alpha1", "Gateway"},
      {"networking.x-k8s.io/v1alpha1", "TCPRoute"},
      {"networking.x-k8s.io/v1alpha1", "UDPRoute"},
      {"v1", "Service"},
      {"discovery.k8s.io/v1", "EndpointSlice"},
      {"v1", "Namespace"},
  };
  return served.contains({identity.api_version, identity.kind});
}

bool is_our_group(const std::string& group) {
  return group == kGatewayGroup || group == kLegacyGroup || group == kDiscoveryGroup || group == kPolicyGroup;
}

/// Deployments, Pods and the like may stand in the same files: they are not for us.
void Decoder::unknown_kind(const Cursor& cursor, const Identity& identity) {
  if (!is_our_group(identity.group)) return;
  Fields fields(cursor);
  (void)meta(fields, cursor, identity, Scope::Namespaced);
  context_.problems.resize(problems_before_);  // its own problems do not matter
  cursor.problem(
      fmt::format("{} {} is not served by this version (served: GatewayClass, Gateway, TCPRoute, UDPRoute and "
                  "ReferenceGrant of {}, GatewayClass, Gateway, TCPRoute and UDPRoute of {}/v1alpha1, EndpointSlice)",
                  identity.api_version, identity.kind, kGatewayGroup, kLegacyGroup));
}

void Decoder::known_object(const Cursor& cursor, const Identity& identity) {
  if (!is_served(identity)) {
    unknown_kind(cursor, identity);
    return;
  }
  Fields fields(cursor);
  decode_kind(fields, cursor, identity);
}

}  // namespace

Decoded decode(std::string_view text, const std::string& file) {
  Decoder decoder(file);
  for (const Document& document : split(text)) decoder.document(document);
  return std::move(decoder).take();
}

}  // namespace gw::api
