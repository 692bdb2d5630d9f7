#include "history/damage_notes.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <system_error>
#include <utility>

#include "registry/files.h"

namespace gridloom::history {

DamageNotes::DamageNotes(const std::filesystem::path& data) : file_(data / "damage.txt") {
  std::ifstream file(file_);
  for (std::string line; lines_.size() < kMostNotes && std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    texts_.insert(line.substr(space + 1));
    lines_.push_back(std::move(line));
  }
  if (lines_.empty()) return;
  spdlog::warn(
      "{} of the damage that was found earlier {} not accepted yet; gridloom damage shows "
      "what is known",
      lines_.size(), lines_.size() == 1 ? "is" : "are");
}

void DamageNotes::note(TimePoint at, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (texts_.contains(text)) return;
  spdlog::error("damage: {}", text);
  if (lines_.size() == kMostNotes) return;
  texts_.emplace(text);
  lines_.push_back(
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}", std::chrono::floor<std::chrono::seconds>(at), text));
  std::string all;
  for (const std::string& line : lines_) all.append(line).append(1, '\n');
  if (const Status written = registry::replace_private_file(file_, all); !written) {
    spdlog::error("the damage is not written down: {}", written.error().detail);
  }
}

std::vector<std::string> DamageNotes::all() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::size_t DamageNotes::count() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

Status DamageNotes::accept() {
  const std::lock_guard lock(mutex_);
  std::error_code error;
  std::filesystem::remove(file_, error);
  if (error) {
    return fail(FaultKind::kIo,
                fmt::format("cannot remove {}: {}", file_.string(), error.message()));
  }
  lines_.clear();
  texts_.clear();
  return {};
}

Fault with_cure(Fault fault) {
  if (fault.kind != FaultKind::kDamaged) return fault;
  fault.detail +=
      "; put history.db back from a backup. To begin a new history of what the log still has, move "
      "history.db, history.db-wal and history.db-shm to another folder";
  return fault;
}

}  // namespace gridloom::history
