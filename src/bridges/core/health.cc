#include "bridges/core/health.h"

#include <spdlog/spdlog.h>

#include "base/printable.h"

namespace gridloom::bridges {
namespace {

constexpr std::string_view kHidden = "***";
// A shorter secret is part of words.
constexpr std::size_t kLeastHidden = 4;

}  // namespace

void Health::change(State state) {
  if (report_.state == state && report_.since) return;
  report_.state = state;
  report_.since = wall_.now();
}

void Health::hide(std::vector<Secret> secrets) {
  const std::lock_guard lock(mutex_);
  secrets_ = std::move(secrets);
}

void Health::note_error(std::string_view why) {
  ++report_.errors;
  report_.last_error = without_secrets(why);
  if (logged_ == report_.last_error) return;
  logged_ = report_.last_error;
  spdlog::warn("bridge {}: {}", bridge_, printable(logged_));
}

std::string Health::without_secrets(std::string_view why) const {
  std::string text(why);
  for (const Secret& secret : secrets_) {
    const std::string_view hidden = secret.reveal();
    if (hidden.size() < kLeastHidden) continue;
    for (std::size_t at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at)) {
      text.replace(at, hidden.size(), kHidden);
    }
  }
  return text;
}

void Health::off() {
  const std::lock_guard lock(mutex_);
  change(State::kOff);
}

void Health::elsewhere() {
  const std::lock_guard lock(mutex_);
  change(State::kElsewhere);
}

void Health::connecting() {
  const std::lock_guard lock(mutex_);
  // A bridge that fails counts as failing until it is connected.
  if (report_.state != State::kFailing) change(State::kConnecting);
}

void Health::connected() {
  const std::lock_guard lock(mutex_);
  if (report_.state != State::kConnected) spdlog::info("bridge {}: connected", bridge_);
  logged_.clear();
  change(State::kConnected);
}

void Health::failing(std::string_view why) {
  const std::lock_guard lock(mutex_);
  change(State::kFailing);
  note_error(why);
}

void Health::error(std::string_view why) {
  const std::lock_guard lock(mutex_);
  note_error(why);
}

void Health::count_in(std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  report_.messages_in += messages;
  report_.last_message = wall_.now();
}

void Health::count_out(std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  report_.messages_out += messages;
  report_.last_message = wall_.now();
}

void Health::count_dropped(std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  report_.dropped += messages;
}

void Health::set_figure(std::string_view name, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  report_.figures.insert_or_assign(std::string(name), value);
}

void Health::clear_figure(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = report_.figures.find(name); found != report_.figures.end()) {
    report_.figures.erase(found);
  }
}

void Health::add_to_figure(std::string_view name, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  const auto found = report_.figures.find(name);
  if (found == report_.figures.end()) {
    report_.figures.emplace(name, value);
  } else {
    found->second += value;
  }
}

HealthReport Health::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace gridloom::bridges
