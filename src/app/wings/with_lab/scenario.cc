// `gridloom scenario`: plays transcript files (their language: tests/transcripts/README.md) on the
// whole platform in this process, without sockets. User documentation: docs/user/scenarios.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/process/progress.h"
#include "app/services.h"
#include "base/clock.h"
#include "catalog/loader.h"
#include "time/grammar.h"
#include "transcripts/coverage.h"
#include "transcripts/runner.h"
#include "transcripts/script.h"
#include "with_lab/simulate.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFailures = 20;  // shown per file

std::vector<server::MakeService> all_homes() { return homes_only(EventsOf::kAllDevices); }

bool play(const fs::path& file, const Scenarios& scenarios,
          const std::shared_ptr<const catalog::Catalog>& catalog) {
  const auto script = transcripts::load_script(file);
  if (!script && scenarios.json) {
    print_json(wire::JsonObject{
        {"file", file.string()},
        {"ok", false},
        {"failures", wire::JsonArray{wire::JsonObject{{"text", script.error().detail}}}}});
    return false;
  }
  if (!script) {
    fmt::print("{}\nFAILED {}\n", script.error().detail, file.filename().string());
    return false;
  }
  const auto begun = std::chrono::steady_clock::now();
  transcripts::Coverage coverage;
  Progress progress;
  const auto show = [&](Millis elapsed, Millis whole) {
    if (!progress.is_due() || whole <= Millis(0)) return;
    progress.show(static_cast<double>(elapsed.count()) / static_cast<double>(whole.count()),
                  fmt::format("{}, {} of {}", file.filename().string(),
                              time::rounded_span_text(elapsed), time::rounded_span_text(whole)));
  };
  const transcripts::RunResult outcome = transcripts::play(
      *script, catalog,
      {.variant = {.services = all_homes}, .seed = scenarios.seed, .on_step = show}, coverage);
  progress.end();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const auto& failures = outcome.failures;
  if (scenarios.json) {
    wire::JsonArray rows;
    for (const auto& failure : failures) {
      rows.push_back(wire::JsonObject{{"line", failure.line}, {"text", failure.text}});
    }
    print_json(wire::JsonObject{{"file", file.string()},
                                {"ok", failures.empty()},
                                {"seed", outcome.seed},
                                {"simulated_ms", outcome.span.count()},
                                {"seconds", took.count()},
                                {"failures", std::move(rows)}});
    std::fflush(stdout);
    return failures.empty();
  }
  for (std::size_t i = 0; i < failures.size() && i < kMaxFailures; ++i) {
    fmt::print("{}:{}: {}\n", file.string(), failures[i].line, failures[i].text);
  }
  if (failures.size() > kMaxFailures) {
    fmt::print("{}: and {} more\n", file.string(), failures.size() - kMaxFailures);
  }
  fmt::print("{} {} (seed {}, {} in {:.1f} s)\n",
             failures.empty() ? styled("ok", Style::kGood) : styled("FAILED", Style::kBad),
             file.filename().string(), outcome.seed, time::rounded_span_text(outcome.span),
             took.count());
  std::fflush(stdout);
  return failures.empty();
}

}  // namespace

int play_scenarios(const Scenarios& scenarios) {
  spdlog::set_level(spdlog::level::warn);
  const auto catalog = catalog::load_catalog(scenarios.devices);
  if (!catalog) return report_error(catalog.error());
  std::size_t played = 0;
  std::size_t failed = 0;
  for (const std::string& path : scenarios.paths) {
    for (const fs::path& file : transcripts::scripts_at(path)) {
      ++played;
      if (!play(file, scenarios, *catalog)) ++failed;
    }
  }
  if (played > 1 && !scenarios.json) fmt::print("{} scenarios, {} failed\n", played, failed);
  if (played == 0) fmt::print(stderr, "gridloom: no *.loom file was found\n");
  return played > 0 && failed == 0 ? 0 : 1;
}

}  // namespace gridloom::app
