// The retained messages of one shard, by the app's account or the device that published them, with
// a budget for each account.
//
// Each change is recorded by the TurnWriter, where sessions are kept. Belongs to a shard and is
// used on its loop only. Not here: who may publish or receive a message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/byte_budget.h"
#include "base/string_map.h"
#include "hub/platform/platform.h"
#include "hub/platform/turn_writer.h"
#include "registry/directory.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

class RetainedStore {
 public:
  struct Retained {
    wire::mqtt::MessagePtr message;
    wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
    TakenBytes bytes{};
  };
  using ByTopic = std::map<std::string, Retained, std::less<>>;

  // The limits are those of platform.config.
  RetainedStore(const Platform& platform, TurnWriter& writer);

  enum class Kind : std::uint8_t { kApps, kDevice };
  // The publisher of a message, and the account whose budget it takes. The name is a view into the
  // object that the publisher was made from.
  struct Publisher {
    Kind kind{};
    std::string_view name;          // the certificate account of apps; a device's serial number
    registry::AccountId account{};  // the apps' own, the device's owner
    std::int64_t device = 0;        // registry::Device::number

    [[nodiscard]] static Publisher of_apps(std::string_view certificate_account,
                                           registry::AccountId account) {
      return {.kind = Kind::kApps, .name = certificate_account, .account = account};
    }
    [[nodiscard]] static Publisher of_device(const registry::Device& device) {
      return {.kind = Kind::kDevice,
              .name = device.sn,
              .account = device.owner,
              .device = device.number};
    }
  };
  // Keeps the message as its topic's; an empty payload clears the topic. False: the account's
  // budget, or that of all, has no room; nothing has changed.
  [[nodiscard]] bool put(const Publisher& by, const wire::mqtt::MessagePtr& message,
                         wire::mqtt::Qos qos);
  // As above, for a message that was stored before a restart: it is not recorded again.
  [[nodiscard]] bool restore(const Publisher& by, const wire::mqtt::MessagePtr& message,
                             wire::mqtt::Qos qos);

  // Null: the publisher has no retained message. Valid until the next change.
  [[nodiscard]] const ByTopic* find(Kind kind, std::string_view publisher) const;

  // Removes the messages that are `ended`: it is called with `topic` and `device` alone.
  void remove_if(const std::function<bool(const RetainedChange&)>& ended);

 private:
  [[nodiscard]] TakenBytes budget_of(registry::AccountId account);
  // Null: the topic was cleared.
  void record(std::string_view topic, const Retained* retained, std::int64_t device);

  struct OfPublisher {
    std::int64_t device = 0;
    ByTopic messages{};
  };
  [[nodiscard]] StringMap<OfPublisher>& publishers(Kind kind) {
    return publishers_[static_cast<std::size_t>(kind)];
  }
  void keep(const Publisher& by, const wire::mqtt::MessagePtr& message, wire::mqtt::Qos qos,
            TakenBytes bytes);

  const Platform& platform_;
  TurnWriter& writer_;
  ByteBudgetPtr budget_;
  std::unordered_map<registry::AccountId, ByteBudgetPtr> budgets_;
  std::array<StringMap<OfPublisher>, 2> publishers_;  // by Kind
};

}  // namespace gridloom::hub
