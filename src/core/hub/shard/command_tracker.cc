#include "hub/shard/command_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridloom::hub {

std::string CommandTracker::refusal(const std::string& sn, const registry::Device* device,
                                    registry::AccountId account) const {
  const auto found = commands_.find(sn);
  if (found == commands_.end()) return {};
  const std::vector<Waiting>& waiting = found->second;
  if (device != nullptr && device->owner != account) {
    const auto of_guests = static_cast<std::size_t>(std::ranges::count_if(
        waiting, [&](const Waiting& each) { return each.command.account != device->owner; }));
    if (of_guests >= std::max<std::size_t>(most_ / 2, 1)) {
      return fmt::format("{} has {} sets unanswered of those whom it is shared with", sn,
                         of_guests);
    }
  }
  if (waiting.size() < most_) return {};
  return fmt::format("{} has {} sets unanswered", sn, waiting.size());
}

std::size_t CommandTracker::count(std::string_view sn) const {
  const auto found = commands_.find(sn);
  return found == commands_.end() ? 0 : found->second.size();
}

bool CommandTracker::contains(std::string_view sn, std::string_view id) const {
  const auto found = commands_.find(sn);
  return found != commands_.end() && std::ranges::any_of(found->second, [id](const Waiting& each) {
           return each.command.id == id;
         });
}

void CommandTracker::add(const std::string& sn, Command command, TimePoint deadline) {
  const std::uint64_t serial = ++last_serial_;
  deadlines_.push_back({.at = deadline, .sn = sn, .serial = serial});
  commands_[sn].push_back({.serial = serial, .command = std::move(command)});
}

Command* CommandTracker::find(std::string_view sn, std::string_view id) {
  const auto found = commands_.find(sn);
  if (found == commands_.end()) return nullptr;
  const auto at = std::ranges::find_if(found->second,
                                       [id](const Waiting& each) { return each.command.id == id; });
  return at == found->second.end() ? nullptr : &at->command;
}

template <typename Which>
std::optional<Command> CommandTracker::take_one(std::string_view sn, Which which) {
  const auto found = commands_.find(sn);
  if (found == commands_.end()) return std::nullopt;
  const auto at = std::ranges::find_if(found->second, which);
  if (at == found->second.end()) return std::nullopt;
  Command command = std::move(at->command);
  found->second.erase(at);
  if (found->second.empty()) commands_.erase(found);
  return command;
}

std::optional<Command> CommandTracker::take(std::string_view sn, std::string_view id) {
  return take_one(sn, [id](const Waiting& each) { return each.command.id == id; });
}

std::vector<Command> CommandTracker::take_all(std::string_view sn) {
  return take_if(sn, [](const Command&) { return true; });
}

std::vector<Command> CommandTracker::take_if(std::string_view sn,
                                             const std::function<bool(const Command&)>& which) {
  std::vector<Command> taken;
  const auto found = commands_.find(sn);
  if (found == commands_.end()) return taken;
  std::vector<Waiting> others;
  for (Waiting& each : found->second) {
    if (which(each.command)) {
      taken.push_back(std::move(each.command));
    } else {
      others.push_back(std::move(each));
    }
  }
  if (others.empty()) {
    commands_.erase(found);
  } else {
    found->second = std::move(others);
  }
  return taken;
}

std::optional<CommandTracker::Expired> CommandTracker::take_expired(TimePoint now) {
  while (!deadlines_.empty() && deadlines_.front().at <= now) {
    const Deadline deadline = std::move(deadlines_.front());
    deadlines_.pop_front();
    auto command =
        take_one(deadline.sn, [&](const Waiting& each) { return each.serial == deadline.serial; });
    if (command) return Expired{.sn = deadline.sn, .command = std::move(*command)};
  }
  return std::nullopt;
}

}  // namespace gridloom::hub
