#include "bridges/home_assistant/set_sender.h"

#include <fmt/format.h>

#include <cstdint>

#include "catalog/set_message.h"
#include "home/set_book.h"

namespace gridloom::bridges::home_assistant {
namespace {

constexpr std::size_t kMaxSets = 32;      // that wait for their answer; further ones are refused
constexpr std::size_t kMaxPayload = 256;  // of a set, in bytes

// The number of a set, by which a device's log tells it from others.
std::int64_t message_id(TimePoint now) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const std::int64_t number = unix_ms(now) % kMost;
  return number < 0 ? number + kMost : number;
}

}  // namespace

void SetSender::send(Publisher::Asked asked, std::size_t bytes) {
  const auto directory = parts_.registry.directory();
  const registry::Device* device = directory->find_device(asked.sn);
  const bool is_permitted =
      device != nullptr &&
      registry::Directory::rights(identity_.account, *device) >= registry::Rights::kFull;
  if (!is_permitted) return refuse(asked.sn, "the account may not set the device");
  if (bytes > kMaxPayload) return refuse(asked.sn, "the value is too long");
  if (waiting_ >= kMaxSets) return refuse(asked.sn, "too many sets wait for their answer");
  ++waiting_;
  const catalog::Command& command = *asked.entity->control->command;
  const auto module_in = [&](std::string_view group) { return module_of(asked, group); };
  auto message = catalog::addressed(*asked.entities->english, command,
                                    catalog::set_message(command, asked.params),
                                    {.sn = asked.sn,
                                     .message_id = message_id(parts_.hub.platform().clock.now()),
                                     .module_in = module_in});
  parts_.sets.send({.id = {.account = identity_.account, .sn = asked.sn, .id = ""},
                    .message = std::move(message),
                    .origin = {.by = fmt::format("bridge {}", identity_.name)}},
                   {.loop = &parts_.loop,
                    .done = [this, sn = asked.sn,
                             alive = std::weak_ptr(alive_)](const Result<home::SetRecord>& record) {
                      if (alive.lock()) end(sn, record);
                    }});
}

void SetSender::refuse(std::string_view sn, std::string_view why) const {
  identity_.health->add_to_figure("sets_refused");
  identity_.health->error(fmt::format("set of {}: {}", sn, why));
}

// The first module of a group that the device has reported; empty: none.
std::string SetSender::module_of(const Publisher::Asked& asked, std::string_view group) const {
  const BookDevice* from = find_(asked.sn);
  const std::string begin = fmt::format("{}.", group);
  for (std::size_t slot = 0; from != nullptr && slot < from->slots(); ++slot) {
    const std::string_view name = from->name_of(slot);
    if (!name.starts_with(begin) || from->text_of(slot).empty()) continue;
    const std::string_view rest = name.substr(begin.size());
    return std::string(rest.substr(0, rest.find('.')));
  }
  return {};
}

void SetSender::end(const std::string& sn, const Result<home::SetRecord>& record) {
  --waiting_;
  if (!record) return refuse(sn, record.error().detail);
  using enum home::SetState;
  const home::SetState state = record->state;
  if (state != kRefused && state != kUnanswered && state != kOffline) {
    return identity_.health->add_to_figure("sets");
  }
  refuse(sn, record->error ? record->error->detail
                           : fmt::format("{} {}", name_of(state), record->refusal));
}

}  // namespace gridloom::bridges::home_assistant
