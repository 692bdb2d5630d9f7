#include "bridges/suspects.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/fatal_note.h"
#include "base/read_file.h"
#include "storage/files.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

constexpr const char* kState = "suspect-bridges.json";
constexpr const char* kFatal = "fatal-end";
constexpr std::size_t kMaxState = std::size_t{1024} * 1024;
constexpr unsigned kPrivate = 0600;

}  // namespace

Suspects::Suspects(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code none;
  const auto noted = std::filesystem::file_size(folder_ / kFatal, none);
  const bool has_died = !none && noted != 0;
  const auto text = read_file(folder_ / kState, kMaxState);
  const auto state = text ? wire::parse_json(*text) : std::unexpected(text.error());
  if (!state) return;  // there is none, or the power failed while it was written
  if (const wire::Json* ends = wire::member(*state, "ends"); ends && ends->is_object()) {
    for (const auto& [name, value] : ends->get_object()) {
      if (wire::is_whole(value)) ends_[name] = static_cast<int>(wire::whole(value));
    }
  }
  const wire::Json* near = wire::member(*state, "near");
  if (has_died && near != nullptr && near->is_array()) {
    for (const wire::Json& name : near->get_array()) {
      if (name.is_string()) ++ends_[std::string(name.get_string())];
    }
  }
  is_changed_ = has_died;
  save();
}

Suspects::~Suspects() {
  if (fatal_ < 0) return;
  note_fatal_end(-1, "");
  ::close(fatal_);
}

bool Suspects::watch(const char* thread_name) {
  if (!storage::make_data_folder(folder_)) return false;
  fatal_ = ::open((folder_ / kFatal).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate);
  if (fatal_ >= 0) note_fatal_end(fatal_, thread_name);
  return fatal_ >= 0;
}

bool Suspects::is_suspect(std::string_view name) const {
  const auto found = ends_.find(name);
  return found != ends_.end() && found->second >= kMostEnds;
}

Suspects::Verdict Suspects::of(std::string_view name) const {
  if (!is_suspect(name)) return Verdict::kBegin;
  const auto others = std::ranges::count_if(
      ends_, [&](const auto& each) { return each.first != name && is_suspect(each.first); });
  if (others == 0 || ends_.find(name)->second > kMostEnds) return Verdict::kOff;
  const bool waits =
      std::ranges::any_of(near_, [&](const auto& each) { return is_suspect(each.first); });
  return waits ? Verdict::kWait : Verdict::kBegin;
}

void Suspects::begin(const std::string& name, Moment now) {
  near_.insert_or_assign(name, now);
  is_changed_ = true;
}

void Suspects::end(std::string_view name) {
  const auto found = near_.find(name);
  if (found == near_.end()) return;
  near_.erase(found);
  is_changed_ = true;
}

void Suspects::found_out(std::string_view name) {
  const auto others = std::erase_if(
      ends_, [&](const auto& each) { return each.first != name && is_suspect(each.first); });
  is_changed_ = is_changed_ || others != 0;
}

void Suspects::forgive(std::string_view name) {
  const auto found = ends_.find(name);
  if (found == ends_.end()) return;
  ends_.erase(found);
  is_changed_ = true;
}

void Suspects::tick(Moment now) {
  for (auto at = near_.begin(); at != near_.end();) {
    if (now - at->second < kNear) {
      ++at;
      continue;
    }
    ends_.erase(at->first);
    at = near_.erase(at);
    is_changed_ = true;
  }
}

void Suspects::save() {
  if (!std::exchange(is_changed_, false)) return;
  wire::JsonArray near;
  for (const auto& [name, began] : near_) near.emplace_back(name);
  wire::JsonObject ends;
  for (const auto& [name, count] : ends_) ends[name] = count;
  // If it fails, an end of the program is nobody's.
  static_cast<void>(storage::replace_private_file(
      folder_ / kState, wire::to_text(wire::JsonObject{{"near", near}, {"ends", ends}}) + "\n"));
}

}  // namespace gridloom::bridges
