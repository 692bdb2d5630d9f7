// Plays a transcript on a TestServer and compares the messages with the expectations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "transcripts/coverage.h"
#include "transcripts/script.h"
#include "transcripts/server.h"

namespace gridloom::transcripts {

struct Failure {
  std::size_t line = 0;
  std::string text;  // may have several lines
};

struct RunResult {
  std::vector<Failure> failures;
  std::string rewritten;                      // the file, with wrong expectations corrected
  std::map<std::string, std::string> record;  // messages to apps, see Actors
  std::uint64_t seed = 0;
  Millis span{0};  // in the transcript's time
};

struct PlayOptions {
  Variant variant{};
  std::optional<std::uint64_t> seed{};  // overrides the file's seed
  bool keeps_record = false;            // record messages to apps, to compare runs
  // Called at each step of the devices: the transcript's time that is over, and all of it.
  std::function<void(Millis elapsed, Millis whole)> on_step{};
};

// The account "demo" exists from the start.
[[nodiscard]] RunResult play(const Script& script,
                             const std::shared_ptr<const catalog::Catalog>& catalog,
                             const PlayOptions& options, Coverage& coverage);

}  // namespace gridloom::transcripts
