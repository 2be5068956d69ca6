// SPDX-License-Identifier: Apache-2.0
// The C++ face of the map contract: comparison, text, and proof that no key or value
// carries bytes the compiler put there by itself.
#pragma once

#include "maps/admission.h"
#include "maps/backend.h"
#include "maps/control.h"
#include "maps/counter.h"
#include "maps/flow.h"
#include "maps/health.h"
#include "maps/hop.h"
#include "maps/listener.h"
#include "maps/names.h"
#include "maps/service.h"
#include "maps/socket.h"
#include "maps/types.h"

#include <compare>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace gw::maps
{

/// A map key or value: plain bytes with no hidden padding, so that comparing and hashing
/// the object representation is the same as comparing the fields.
template <typename T>
concept Schema = std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>;

static_assert(Schema<gw_addr> && Schema<gw_listener_key> && Schema<gw_listener> &&
	      Schema<gw_service> && Schema<gw_maglev_chunk> && Schema<gw_backend> &&
	      Schema<gw_flow4_key> && Schema<gw_flow6_key> && Schema<gw_flow> && Schema<gw_flow4> &&
	      Schema<gw_flow6> && Schema<gw_limbo_entry> && Schema<gw_fragment_key> &&
	      Schema<gw_fragment> && Schema<gw_service> && Schema<gw_control> && Schema<gw_link> &&
	      Schema<gw_vlan_key> && Schema<gw_name_key> && Schema<gw_name> &&
	      Schema<gw_source_key> && Schema<gw_rate> && Schema<gw_source_rate_key> &&
	      Schema<gw_admission> && Schema<gw_backend_health_key> && Schema<gw_backend_health> &&
	      Schema<gw_socket_key> && Schema<gw_socket> && Schema<gw_hop>);

/// Orders by object representation; for use as `std::map`'s comparator.
struct BytesLess {
	template <Schema T> bool operator()(const T &a, const T &b) const
	{
		return std::memcmp(&a, &b, sizeof(T)) < 0;
	}
};

template <Schema T> bool bytes_equal(const T &a, const T &b)
{
	return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// One row of counter.h.
struct CounterInfo {
	gw_counter id;
	std::string_view word;	      ///< the metric label and the word gwctl prints
	std::string_view description; ///< one line for people
	bool is_drop;		      ///< a drop reason, as opposed to an event
};

#define GW_COUNTER_DROP_ROW(name, value, word, description)  {name, word, description, true},
#define GW_COUNTER_EVENT_ROW(name, value, word, description) {name, word, description, false},
inline constexpr CounterInfo kCounters[] = {GW_DROP_REASONS(GW_COUNTER_DROP_ROW)
						    GW_EVENTS(GW_COUNTER_EVENT_ROW)};
#undef GW_COUNTER_DROP_ROW
#undef GW_COUNTER_EVENT_ROW

/// The word for a flow state, "unknown" for a number that is none.
constexpr std::string_view to_string(gw_flow_state state)
{
	switch (state) {
	case GW_FLOW_SYN_SENT:
		return "SYN_SENT";
	case GW_FLOW_SYN_RECEIVED:
		return "SYN_RECEIVED";
	case GW_FLOW_JOINED:
		return "JOINED";
	case GW_FLOW_ESTABLISHED:
		return "ESTABLISHED";
	case GW_FLOW_FIN_CLIENT:
		return "FIN_CLIENT";
	case GW_FLOW_FIN_BACKEND:
		return "FIN_BACKEND";
	case GW_FLOW_CLOSED:
		return "CLOSED";
	case GW_FLOW_UDP_REQUEST:
		return "UDP_REQUEST";
	case GW_FLOW_UDP_STREAM:
		return "UDP_STREAM";
	}
	return "unknown";
}

} // namespace gw::maps
