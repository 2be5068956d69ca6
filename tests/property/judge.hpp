// SPDX-License-Identifier: Apache-2.0
// What must hold of every answer of translate(), whatever the objects say. Each function looks at one rule and knows
// nothing of how the answer was found.
#pragma once

#include "tests/property/objections.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::property {

/// A set of objects, and what translate() makes of it.
struct Case {
  const api::ResourceSet& resources;
  const translate::Output& answer;
};

/// Statuses are of objects that there are, in order. Conditions: each type once, with a reason, with the generation of
/// their object, and with words where something is wrong.
Objections judge_conditions(const api::ResourceSet& resources, const api::StatusReport& report);
Objections judge_conditions(const Case& c);

/// Each parentRef that names something of ours has its entry, in order, and its Accepted says what the listeners say.
/// In 2021: each Gateway that selects a route has one, and admits it if the route allows that.
Objections judge_parents(const Case& c);

/// Each listener counts the routes that are on it, and no others.
Objections judge_attached_routes(const Case& c);

/// No two listeners serve one port of an address where clients could not tell them apart; whoever gives way says so,
/// and nobody gives way for nothing.
Objections judge_conflicts(const Case& c);

/// ListenerSets are let in as their Gateway says, and counted.
Objections judge_listener_sets(const Case& c);

/// ResolvedRefs of TCP and UDP routes says what their references lead to.
Objections judge_references(const Case& c);

/// The IR has all backendRefs of a rule with their weights, and none leads into another namespace without a grant.
Objections judge_backends(const Case& c);

/// Each TCP and UDP listener that serves is in the IR, and forwards to what the first of its routes says.
Objections judge_l4_listeners(const Case& c);

/// The endpoints of each port that is referred to are the ready ones of its Service's slices.
Objections judge_endpoints(const Case& c);

}  // namespace gw::property
