#include "app/simulate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ranges>
#include <system_error>

#include "app/when.h"
#include "catalog/loader.h"
#include "sim/dry_run.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMostDevices = 1'000'000;
constexpr unsigned kMostThreads = 256;
constexpr Millis kLeastStep{1000};
constexpr Millis kMostStep{60'000};

struct Arguments {
  std::string families, devices, from = "2025-06-21Z", span = "1d", step = "2s";
  sim::World::Options world;
  unsigned threads = 1;
  bool json = false;
};

int failed(const Fault& fault) {
  fmt::print(stderr, "gridloom: {}\n", fault.detail);
  return 1;
}

Result<std::vector<sim::DryRun::Group>> groups_of(const Arguments& arguments) {
  const auto groups = parse_groups(arguments.families);
  if (!groups) return std::unexpected(groups.error());
  const auto catalog = catalog::load_catalog(arguments.devices);
  if (!catalog) return std::unexpected(catalog.error());
  std::vector<sim::DryRun::Group> found;
  for (const auto& [id, devices] : *groups) {
    const auto& families = (*catalog)->families();
    const auto family = std::ranges::find_if(
        families, [&](const catalog::FamilyPtr& each) { return each->id == id; });
    if (family == families.end()) {
      const auto ids = families | std::views::transform(
                                      [](const auto& each) { return std::string_view(each->id); });
      return fail(
          FaultKind::kBadParams,
          fmt::format("--family: there is no family '{}'; there are {}", id, fmt::join(ids, ", ")));
    }
    found.push_back({.family = *family, .devices = devices});
  }
  return found;
}

Result<sim::DryRun> dry_run_of(const Arguments& arguments) {
  auto groups = groups_of(arguments);
  if (!groups) return std::unexpected(groups.error());
  const auto now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  const auto from = parse_when(arguments.from, now);
  if (!from) return fail(FaultKind::kBadParams, "--from: " + from.error().detail);
  const auto span = parse_span(arguments.span);
  if (!span) return fail(FaultKind::kBadParams, "--for: " + span.error().detail);
  const auto step = parse_span(arguments.step);
  if (!step) return fail(FaultKind::kBadParams, "--step: " + step.error().detail);
  if (*step < kLeastStep || *step > kMostStep) {
    return fail(FaultKind::kBadParams,
                fmt::format("--step: {} is not between 1s and 60s", arguments.step));
  }
  return sim::DryRun{.groups = std::move(*groups),
                     .world = arguments.world,
                     .from = *from,
                     .span = *span,
                     .step = *step,
                     .threads = arguments.threads};
}

int simulate(const Arguments& arguments) {
  const auto dry_run = dry_run_of(arguments);
  if (!dry_run) return failed(dry_run.error());
  const sim::DryRunSummary done = sim::run(*dry_run);
  const std::string digest = fmt::format("{:016x}", done.digest);
  if (arguments.json) {
    const wire::JsonObject object{{"seed", dry_run->world.seed},
                                  {"devices", done.devices},
                                  {"steps", done.steps},
                                  {"reports", done.reports},
                                  {"bytes", done.bytes},
                                  {"seconds", done.seconds},
                                  {"digest", digest}};
    fmt::print("{}\n", wire::to_text(object));
    return 0;
  }
  const auto rate = [&](std::uint64_t what) {
    return static_cast<double>(what) / std::max(done.seconds, 1e-9);
  };
  fmt::print(
      "seed:     {}\n"
      "devices:  {}\n"
      "steps:    {} ({:.0f} a second)\n"
      "reports:  {} ({:.0f} a second)\n"
      "bytes:    {}\n"
      "digest:   {}\n"
      "took:     {:.2f} s\n",
      dry_run->world.seed, done.devices, done.steps, rate(done.steps), done.reports,
      rate(done.reports), done.bytes, digest, done.seconds);
  return 0;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(std::string_view text) {
  std::vector<std::pair<std::string, std::size_t>> groups;
  std::size_t devices = 0;
  const std::string_view some = text.empty() ? "," : text;  // of "" nothing would be split
  for (const auto part : std::views::split(some, ',')) {
    const std::string_view group(part);
    const std::size_t equals = std::min(group.find('='), group.size());
    const std::string_view count = group.substr(std::min(equals + 1, group.size()));
    std::size_t number = 1;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), number);
    const bool whole = error == std::errc() && end == count.data() + count.size();
    const bool bare = equals == group.size();
    if (equals == 0 || (!bare && !whole) || number == 0 || number > kMostDevices) {
      return fail(
          FaultKind::kBadParams,
          fmt::format("--family: '{}' is not FAMILY or FAMILY=COUNT, with a count from 1 to "
                      "{}",
                      group, kMostDevices));
    }
    devices += number;
    if (devices > kMostDevices) {
      return fail(FaultKind::kBadParams,
                  fmt::format("--family: more than {} devices together", kMostDevices));
    }
    groups.emplace_back(group.substr(0, equals), number);
  }
  return groups;
}

std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* verb = app.add_subcommand(
      "simulate", "Virtual devices without a server: lives through a span as fast as they can");
  verb->add_option("--family", a.families, "How many of which, as delta_2=500,power_stream=20")
      ->required();
  verb->add_option("--devices", a.devices, "Folder with further device files");
  verb->add_option("--from", a.from, "When it begins")->capture_default_str();
  verb->add_option("--for", a.span, "How long it is: 90m, 1d, 365d")->capture_default_str();
  verb->add_option("--step", a.step, "Between two looks at a device, 1s to 60s")
      ->capture_default_str();
  verb->add_option("--seed", a.world.seed, "The same seed says the same")->capture_default_str();
  verb->add_option("--latitude", a.world.latitude_deg, "Of the site")
      ->check(CLI::Range(-66.0, 66.0))
      ->capture_default_str();
  verb->add_option("--household-kwh", a.world.yearly_kwh, "What the home uses in a year")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  verb->add_option("--threads", a.threads)
      ->check(CLI::Range(1U, kMostThreads))
      ->capture_default_str();
  verb->add_flag("--json", a.json, "One line of JSON");
  verb->callback([&a, &chosen] { chosen = [&a] { return simulate(a); }; });
  return kept;
}

}  // namespace gridloom::app
