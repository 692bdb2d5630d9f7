// Plays a transcript on a Stage and compares what comes with what it expects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "transcripts/coverage.h"
#include "transcripts/script.h"
#include "transcripts/stage.h"

namespace gridloom::transcripts {

struct Failure {
  std::size_t line = 0;
  std::string text;  // several lines
};

struct Outcome {
  std::vector<Failure> failures;
  std::string rewritten;  // the file, with the expectations that were wrong made right
  std::map<std::string, std::string> record;  // what the apps got; see Cast
  std::uint64_t seed = 0;
  Millis span{0};  // of the transcript's time
};

struct PlayOptions {
  Variant variant{};
  std::optional<std::uint64_t> seed{};  // in place of the file's
  bool keeps_record = false;            // what the apps got, to compare runs
};

// The account "demo" is there from the start.
[[nodiscard]] Outcome play(const Script& script,
                           const std::shared_ptr<const catalog::Catalog>& catalog,
                           const PlayOptions& options, Coverage& coverage);

}  // namespace gridloom::transcripts
