// SPDX-License-Identifier: Apache-2.0
// The layout of schema version 1, in literal numbers. If a line here has to change, GW_SCHEMA_VERSION has to as well.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>

#include "maps/schema.hpp"

namespace gw {
namespace {

TEST(Schema, TheVersionIsTheOneThatTheseNumbersBelongTo) { EXPECT_EQ(GW_SCHEMA_VERSION, 1); }

TEST(Schema, SizesAreFixed) {
  EXPECT_EQ(sizeof(gw_listener_key), 20U);
  EXPECT_EQ(sizeof(gw_listener), 24U);
  EXPECT_EQ(sizeof(gw_source_key), 24U);
  EXPECT_EQ(sizeof(gw_rate), 8U);
  EXPECT_EQ(sizeof(gw_source_rate_key), 20U);
  EXPECT_EQ(sizeof(gw_admission), 16U);
  EXPECT_EQ(sizeof(gw_backend_health_key), 8U);
  EXPECT_EQ(sizeof(gw_backend_health), 16U);
  EXPECT_EQ(sizeof(gw_share), 24U);
  EXPECT_EQ(sizeof(gw_service), 392U);
  EXPECT_EQ(sizeof(gw_maglev_chunk), 64U);
  EXPECT_EQ(sizeof(gw_backend), 44U);
  EXPECT_EQ(sizeof(gw_flow4_key), 16U);
  EXPECT_EQ(sizeof(gw_flow6_key), 40U);
  EXPECT_EQ(sizeof(gw_flow), 56U);
  EXPECT_EQ(sizeof(gw_flow4), 64U);
  EXPECT_EQ(sizeof(gw_flow6), 88U);
  EXPECT_EQ(sizeof(gw_limbo_entry), 44U);
  EXPECT_EQ(sizeof(gw_limbo_next), 16U);
  EXPECT_EQ(sizeof(gw_fragment_key), 40U);
  EXPECT_EQ(sizeof(gw_fragment), 4U);
  EXPECT_EQ(sizeof(gw_control), 24U);
  EXPECT_EQ(sizeof(gw_hop), 40U);
  EXPECT_EQ(sizeof(gw_link), 20U);
  EXPECT_EQ(sizeof(gw_vlan_key), 12U);
  EXPECT_EQ(sizeof(gw_name_key), 8U);
  EXPECT_EQ(sizeof(gw_name), 776U);
  EXPECT_EQ(sizeof(gw_socket_key), 32U);
  EXPECT_EQ(sizeof(gw_socket), 28U);
}

TEST(Schema, FieldsOfAFlowStayWhereTheyAre) {
  EXPECT_EQ(offsetof(gw_flow, sport), 0U);
  EXPECT_EQ(offsetof(gw_flow, state), 5U);
  EXPECT_EQ(offsetof(gw_flow, csum_addresses), 8U);
  EXPECT_EQ(offsetof(gw_flow, last_seen), 12U);
  EXPECT_EQ(offsetof(gw_flow, generation), 16U);
  EXPECT_EQ(offsetof(gw_flow, source_mac), 24U);
  EXPECT_EQ(offsetof(gw_flow, ack), 36U);
  EXPECT_EQ(offsetof(gw_flow, listener_id), 44U);
  EXPECT_EQ(offsetof(gw_flow4, src), 56U);
  EXPECT_EQ(offsetof(gw_flow6, dst), 72U);
}

TEST(Schema, CountersHaveNumbersAndWordsOfTheirOwn) {
  std::set<int> numbers;
  std::set<std::string_view> words;
  for (const auto& counter : maps::kCounters) {
    EXPECT_TRUE(numbers.insert(counter.id).second) << counter.word;
    EXPECT_TRUE(words.insert(counter.word).second) << counter.word;
    EXPECT_LT(counter.id, GW_COUNTER_MAX);
  }
}

/// The size that the BPF object's own type information gives a struct.
std::int64_t size_in(const std::string& object, const char* name) {
  btf* const types = btf__parse(object.c_str(), nullptr);
  if (types == nullptr) return -1;
  const int id = btf__find_by_name_kind(types, name, BTF_KIND_STRUCT);
  const std::int64_t size = id < 0 ? -1 : btf__resolve_size(types, static_cast<__u32>(id));
  btf__free(types);
  return size;
}

TEST(Schema, TheProgramsSeeTheSameLayout) {
  for (const char* object : {GW_TC_OBJECT, GW_EGRESS_OBJECT, GW_XDP_OBJECT}) {
    EXPECT_EQ(size_in(object, "gw_flow"), static_cast<std::int64_t>(sizeof(gw_flow)));
    EXPECT_EQ(size_in(object, "gw_flow4"), static_cast<std::int64_t>(sizeof(gw_flow4)));
    EXPECT_EQ(size_in(object, "gw_flow6"), static_cast<std::int64_t>(sizeof(gw_flow6)));
    EXPECT_EQ(size_in(object, "gw_limbo_entry"), static_cast<std::int64_t>(sizeof(gw_limbo_entry)));
    EXPECT_EQ(size_in(object, "gw_flow4_key"), static_cast<std::int64_t>(sizeof(gw_flow4_key)));
    EXPECT_EQ(size_in(object, "gw_flow6_key"), static_cast<std::int64_t>(sizeof(gw_flow6_key)));
    EXPECT_EQ(size_in(object, "gw_listener_key"), static_cast<std::int64_t>(sizeof(gw_listener_key)));
    EXPECT_EQ(size_in(object, "gw_service"), static_cast<std::int64_t>(sizeof(gw_service)));
    EXPECT_EQ(size_in(object, "gw_backend"), static_cast<std::int64_t>(sizeof(gw_backend)));
  }
  EXPECT_EQ(size_in(GW_SOCK_OBJECT, "gw_socket_key"), static_cast<std::int64_t>(sizeof(gw_socket_key)));
  EXPECT_EQ(size_in(GW_SOCK_OBJECT, "gw_socket"), static_cast<std::int64_t>(sizeof(gw_socket)));
  EXPECT_EQ(size_in(GW_SOCK_OBJECT, "gw_control"), static_cast<std::int64_t>(sizeof(gw_control)));
}

}  // namespace
}  // namespace gw
