// SPDX-License-Identifier: Apache-2.0
// Plan x Observed -> the operations that turn one into the other, ordered so that nothing is used
// before it is there and nothing is removed while in use. Pure.
#pragma once

#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gw::plan {

struct SetName {
  gw_name_key key;
  std::string text;
};
struct SetBackend {
  std::uint32_t id;
  gw_backend value;
};
struct CreateTable {
  std::uint32_t table_id;
  std::uint32_t slots;
  Table table;  ///< empty: a spare
};
/// Gives a spare of that size its content.
struct FillTable {
  std::uint32_t table_id;
  Table table;
};
struct SetSource {
  gw_source_key key;
  gw_source_verdict verdict;
};
/// Begins to count a listener's connections.
struct SetAdmission {
  std::uint32_t listener_id;
};
/// Begins to count what becomes of a backend's new connections.
struct WatchBackend {
  gw_backend_health_key key;
};
struct SetService {
  std::uint32_t id;
  gw_service value;
};
struct SetListener {
  gw_listener_key key;
  gw_listener value;
};
struct RemoveListener {
  gw_listener_key key;
};
struct RemoveSource {
  gw_source_key key;
};
struct RemoveAdmission {
  std::uint32_t listener_id;
};
struct UnwatchBackend {
  gw_backend_health_key key;
};
struct RemoveService {
  std::uint32_t id;
};
struct RemoveTable {
  std::uint32_t table_id;
};
struct RemoveBackend {
  std::uint32_t id;
};
struct RemoveName {
  gw_name_key key;
};

using Operation = std::variant<SetName, WatchBackend, SetBackend, CreateTable, FillTable, SetService, SetSource,
                               SetAdmission, SetListener, RemoveListener, RemoveAdmission, RemoveSource, RemoveService,
                               RemoveTable, RemoveBackend, UnwatchBackend, RemoveName>;

/// In the order of the variant's alternatives. Empty if the plan is in the kernel already. A backend that the plan has
/// no more is marked first, and removed by the diff after its time. `now`: seconds of CLOCK_MONOTONIC. Costs what is
/// different if `observed` was settled, all of both otherwise. Removes no tables: tidy() does.
std::vector<Operation> diff(const Plan& plan, const Observed& observed, std::uint32_t now = 0);

/// What can wait until nobody else has anything to do: makes spare tables, and removes those that nobody will need.
std::vector<Operation> tidy(const Observed& observed);

/// Backends that the maps hold although the plan does not.
BackendMap draining(const Plan& plan, const Observed& observed);

/// Seconds until the next draining backend's time is over, at least 0; none if nothing drains.
std::optional<std::uint32_t> next_drained(const BackendMap& draining, std::uint32_t now);

/// What the maps hold after `operations`: the model of the kernel that the properties of diff() are stated in.
Observed apply_to(Observed observed, const std::vector<Operation>& operations);

/// The same as `observed`, which holds `plan` as a whole (their diff is empty), but sharing with the plan what is
/// equal.
Observed settle(Observed observed, const Plan& plan);

/// One line, for logs, goldens and `gwctl plan`: "set service 3 shares 2".
std::string to_string(const Operation& operation);

/// The whole plan as sorted text, one entry a line, ids included; equal plans give equal text.
std::string dump(const Plan& plan);

}  // namespace gw::plan
