#include "node/shared_view.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <stop_token>
#include <system_error>
#include <utility>

#include "node/slot_server.h"

namespace gridloom::node {
namespace {

constexpr std::chrono::seconds kEvery{1};

std::string shown_line(const cluster::SharedNote& note) {
  const std::size_t space = note.line.find(' ');
  return fmt::format("{} {}:{}", note.line.substr(0, space), note.place, note.line.substr(space));
}

std::vector<cluster::SharedNote> notes_of(const std::string& place,
                                          const history::DamageNotes& notes) {
  std::vector<cluster::SharedNote> all;
  for (std::string& line : notes.own()) {
    const std::string_view text = std::string_view(line).substr(line.find(' ') + 1);
    all.push_back(
        {.place = place, .key = std::string(history::key_of_note(text)), .line = std::move(line)});
  }
  return all;
}

}  // namespace

std::string slot_place(cluster::Slot slot) {
  return fmt::format("slot {}", cluster::number_of(slot));
}

SharedView::SharedView(Options options)
    : options_(std::move(options)), state_(options_.database, options_.steady) {
  options_.shown.on_accept([this] { return state_.remove_notes(); });
  for (std::size_t i = 0; i < options_.slots; ++i) move_from(static_cast<cluster::Slot>(i));
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

SharedView::~SharedView() {
  options_.shown.on_accept({});
  thread_.request_stop();
  state_.stop();
}

std::vector<std::string> SharedView::members() const {
  const std::scoped_lock lock(mutex_);
  return members_;
}

void SharedView::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  while (!stop.stop_requested()) {
    step();
    std::unique_lock lock(mutex);
    (void)pause.wait_for(lock, stop, kEvery, [] { return false; });
  }
}

// The claims tell that the database is away.
void SharedView::step() {
  bool has_left = false;
  {
    const std::scoped_lock lock(mutex_);
    has_left = has_left_;
  }
  if (!is_member_ && !has_left && options_.serves()) {
    is_member_ = state_.join(options_.self).has_value();
  }
  if (!move_notes()) return;
  auto seen = state_.read();
  if (!seen) return;
  std::vector<std::string> lines;
  for (const cluster::SharedNote& note : seen->notes) lines.push_back(shown_line(note));
  if (std::exchange(has_notes_, !lines.empty()) && lines.empty()) {
    options_.each_server(
        [](const std::string&, history::DamageNotes& notes) { notes.forget_shared(); });
  }
  options_.shown.show_shared(std::move(lines));
  const std::scoped_lock lock(mutex_);
  members_ = std::move(seen->members);
}

Status SharedView::move_notes() {
  std::vector<cluster::SharedNote> notes;
  options_.each_server([&](const std::string& place, history::DamageNotes& of_place) {
    for (cluster::SharedNote& note : notes_of(place, of_place)) notes.push_back(std::move(note));
  });
  if (notes.empty()) return {};
  GL_TRY(state_.add(notes));
  std::map<std::string, std::vector<std::string>> moved;
  for (cluster::SharedNote& note : notes) moved[note.place].push_back(std::move(note.line));
  options_.each_server([&](const std::string& place, history::DamageNotes& of_place) {
    if (const auto lines = moved.find(place); lines != moved.end()) {
      of_place.remove_shared(lines->second);
    }
  });
  return {};
}

void SharedView::leave() {
  {
    const std::scoped_lock lock(mutex_);
    has_left_ = true;
  }
  if (const Status left = state_.leave(options_.self); !left) {
    spdlog::warn("the other nodes will miss this one, as the database was not told of its stop: {}",
                 left.error().detail);
  }
}

Status SharedView::remove(const std::string& node) { return state_.remove(node); }

void SharedView::move_from(cluster::Slot slot) {
  const std::filesystem::path folder = folder_of_slot(options_.data, slot);
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "damage.txt", ignored)) return;
  history::DamageNotes notes(folder);
  if (state_.add(notes_of(slot_place(slot), notes))) notes.remove_shared(notes.own());
}

}  // namespace gridloom::node
