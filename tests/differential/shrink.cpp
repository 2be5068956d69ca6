// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/shrink.hpp"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gw::differential {
namespace {

bool try_instead(Case& best, Case candidate, const StillFails& still_fails) {
  if (!still_fails(candidate)) return false;
  best = std::move(candidate);
  return true;
}

Case without(const Case& one, std::size_t begin, std::size_t count) {
  Case smaller = one;
  const auto first = smaller.steps.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = smaller.steps.begin() + static_cast<std::ptrdiff_t>(std::min(begin + count, one.steps.size()));
  smaller.steps.erase(first, last);
  return smaller;
}

/// Leaves out runs of steps, long ones first. True if any could go.
bool drop_steps(Case& best, const StillFails& still_fails) {
  bool has_dropped = false;
  for (std::size_t count = std::max<std::size_t>(best.steps.size() / 2, 1); count > 0; count /= 2) {
    for (std::size_t end = best.steps.size(); end > 0;) {
      const std::size_t begin = end > count ? end - count : 0;
      has_dropped |= try_instead(best, without(best, begin, end - begin), still_fails);
      end = begin;
    }
  }
  return has_dropped;
}

/// What a packet is about stays.
bool is_identity(std::string_view field) { return field == "client" || field == "vip" || field == "protocol"; }

/// The packet with one field as in a new packet, or half as large.
std::vector<Packet> simpler_forms(const Packet& packet) {
  std::vector<Packet> forms;
  Packet form = packet;
  const Packet plain;
  const auto visit = [&]<typename T>(const char* name, T& value, const T& usual) {
    if (is_identity(name) || value == usual) return;
    const T kept = value;
    value = usual;
    forms.push_back(form);
    if constexpr (std::is_same_v<T, std::uint16_t>) {
      value = static_cast<T>(kept / 2);
      forms.push_back(form);
    }
    value = kept;
  };
  for_each_field(visit, form, plain);
  return forms;
}

bool simplify_packet(Case& best, std::size_t step, const StillFails& still_fails) {
  for (bool has_changed = false;; has_changed = true) {
    const auto forms = simpler_forms(std::get<Packet>(best.steps[step]));
    const bool found = std::ranges::any_of(forms, [&](const Packet& form) {
      Case candidate = best;
      candidate.steps[step] = form;
      return try_instead(best, std::move(candidate), still_fails);
    });
    if (!found) return has_changed;
  }
}

bool simplify_steps(Case& best, const StillFails& still_fails) {
  bool has_changed = false;
  for (std::size_t step = 0; step < best.steps.size(); ++step) {
    if (std::holds_alternative<Packet>(best.steps[step])) has_changed |= simplify_packet(best, step, still_fails);
  }
  return has_changed;
}

}  // namespace

Case shrink(Case failing, const StillFails& still_fails) {
  Case larger = failing;
  larger.flow_entries = Case{}.flow_entries;
  if (larger.flow_entries != failing.flow_entries) try_instead(failing, larger, still_fails);
  bool has_changed = true;
  while (has_changed) {
    has_changed = drop_steps(failing, still_fails);
    has_changed |= simplify_steps(failing, still_fails);
  }
  return failing;
}

}  // namespace gw::differential
