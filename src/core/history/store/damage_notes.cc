#include "history/store/damage_notes.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/digest.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "storage/files.h"

namespace gridloom::history {
namespace {

constexpr std::string_view kChecksum = "checksum ";
constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;  // of the file

std::string checksum_line(std::string_view lines) {
  return fmt::format("{}{:016x}\n", kChecksum,
                     static_cast<std::uint64_t>(gridloom::row_checksum(0, {}, lines)));
}

// True if the line begins with a time such as "2026-11-21T10:00:00Z ".
bool has_time(std::string_view line) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ ";
  return line.size() > kForm.size() &&
         std::ranges::equal(line.substr(0, kForm.size()), kForm, [](char c, char form) {
           return form == 'd' ? c >= '0' && c <= '9' : c == form;
         });
}

std::string_view time_in(std::string_view line) { return line.substr(0, line.find(' ')); }

// Calls `on_line` with each line, without its end.
template <typename OnLine>
void each_line(std::string_view text, OnLine on_line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

bool is_intact(std::string_view notes) {
  if (notes.starts_with(kChecksum)) {
    const std::string_view lines = notes.substr(std::min(notes.find('\n'), notes.size() - 1) + 1);
    return notes.substr(0, notes.size() - lines.size()) == checksum_line(lines);
  }
  bool good = true;
  each_line(notes, [&good](std::string_view line) { good = good && has_time(line); });
  return good;
}

DamageNotes::DamageNotes(const std::filesystem::path& data) : file_(data / "damage.txt") {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  const auto bytes = read_file(file_, kMaxBytes);
  if (!bytes) return;
  const bool good = is_intact(*bytes);
  each_line(*bytes, [this, good](std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.starts_with(kChecksum)) return;
    if (lines_.size() == kMaxNotes) return;
    lines_.push_back(good ? std::string(line) : printable(line));
    known_.emplace(key_of_note(std::string_view(lines_.back()).substr(space + 1)));
  });
  if (!good) {
    note(SystemClock().now(), "damage.txt was damaged: its other notes may have changed");
  }
  if (lines_.empty()) return;
  const bool one = lines_.size() == 1;
  spdlog::warn("{} note{} of damage found earlier {} not accepted yet; gridloom damage lists {}",
               lines_.size(), one ? "" : "s", one ? "is" : "are", one ? "it" : "them");
}

void DamageNotes::note(TimePoint at, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (known_.contains(key_of_note(text))) return;
  spdlog::error("damage: {}", text);
  if (known_.size() >= kMaxNotes) return;  // those that are shared count as well
  known_.emplace(key_of_note(text));
  lines_.push_back(
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}", std::chrono::floor<std::chrono::seconds>(at), text));
  write();
}

void DamageNotes::note_page(TimePoint at, const Error& error) {
  note(at, std::string_view(error.detail).substr(error.detail.rfind('/') + 1));
}

void DamageNotes::write() const {
  std::string all;
  for (const std::string& line : lines_) all.append(line).append(1, '\n');
  if (const Status written = storage::replace_private_file(file_, checksum_line(all) + all);
      !written) {
    spdlog::error("damage.txt could not be written, so this note is lost at the next start: {}",
                  written.error().detail);
  }
}

std::vector<std::string> DamageNotes::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  std::ranges::merge(shared_, lines_, std::back_inserter(all), {}, time_in, time_in);
  return all;
}

std::size_t DamageNotes::count() const {
  const std::lock_guard lock(mutex_);
  return lines_.size() + shared_.size();
}

Status DamageNotes::accept() {
  std::function<Status()> accept_shared;
  {
    const std::lock_guard lock(mutex_);
    accept_shared = accept_shared_;
  }
  if (accept_shared) {
    GL_TRY(accept_shared());
  }
  const std::lock_guard lock(mutex_);
  GL_TRY(remove_file());
  lines_.clear();
  known_.clear();
  shared_.clear();
  return {};
}

Status DamageNotes::remove_file() const {
  std::error_code error;
  std::filesystem::remove(file_, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot remove {}: {}", file_.string(), error.message()));
}

std::vector<std::string> DamageNotes::own() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void DamageNotes::remove_shared(const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  const std::size_t before = lines_.size();
  std::erase_if(lines_, [&](const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
  });
  if (lines_.size() == before) return;
  if (!lines_.empty()) return write();
  if (const Status removed = remove_file(); !removed) spdlog::error("{}", removed.error().detail);
}

void DamageNotes::show_shared(std::vector<std::string> lines) {
  const std::lock_guard lock(mutex_);
  shared_ = std::move(lines);
}

void DamageNotes::forget_shared() {
  const std::lock_guard lock(mutex_);
  known_.clear();
  for (const std::string_view line : lines_) {
    known_.emplace(key_of_note(line.substr(line.find(' ') + 1)));
  }
}

void DamageNotes::on_accept(std::function<Status()> accept_shared) {
  const std::lock_guard lock(mutex_);
  accept_shared_ = std::move(accept_shared);
}

}  // namespace gridloom::history
