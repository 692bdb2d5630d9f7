// The meaning of a home file (catalog/home.h) for the simulation of its sites and devices. Pure.
#pragma once

#include <optional>

#include "catalog/home.h"
#include "sim/household/home.h"
#include "sim/virtual_device.h"
#include "sim/world.h"

namespace gridloom::sim {

// A site that several devices share.
struct SiteOptions {
  World::Options world{};
  // The people who live there; nothing: each device has a household of its own.
  std::optional<household::Shared> household{};
  bool has_grid = true;
};

// Its sky and its people, by the seed of World::Options.
[[nodiscard]] SiteOptions options_of(const catalog::Site& site);
// How a device of the site is set up: what hangs on it, where its modules face.
[[nodiscard]] Setup setup_of(const catalog::Site& site, const catalog::SiteDevice& device);

}  // namespace gridloom::sim
