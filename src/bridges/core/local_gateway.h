// The place in the hub of a bridge that brings devices in: a gateway of its account
// (hub/clients/client.h). This form fits: a gateway speaks for many devices of one account, says
// itself which of them are online, gets the sets of its devices, and has no right to anything else.
// As it is in the process it needs neither a socket nor the account's gateway key; if that key is
// rotated, it signs in again.
//
// Messages that the hub does not take yet wait, to a limit; the oldest reports are dropped first.
// Thread rule: the loop that is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "hub/clients/client.h"
#include "hub/hub.h"
#include "wire/topics.h"

namespace gridloom::bridges {

class LocalGateway {
 public:
  struct Options {
    hub::Hub& hub;
    Loop& loop;
    registry::AccountId account{};
    std::string client_id{};
    // A set for a device of serve().
    std::function<void(std::string_view sn, std::string_view payload)> on_set{};
    std::function<void(std::size_t count)> on_dropped{};
  };
  static constexpr std::size_t kMostWaiting = 4096;
  static constexpr std::size_t kMostWaitingBytes = std::size_t{8} * 1024 * 1024;

  explicit LocalGateway(Options options);
  LocalGateway(const LocalGateway&) = delete;
  LocalGateway& operator=(const LocalGateway&) = delete;
  ~LocalGateway();

  // The gateway gets the sets of the device from now on.
  void serve(const std::string& sn);
  // The device is offline until the next message.
  void say_offline(const std::string& sn);
  // The device is online.
  void say_online(const std::string& sn);
  void report(const std::string& sn, std::string payload);
  void reply(const std::string& sn, std::string payload);
  // Signs in again if the hub ended the session. Call it a few times a second.
  void tick();

 private:
  class Client;
  void sign_in();
  void leave();
  void publish(const std::string& sn, wire::Verb verb, std::string payload);
  void say(const std::string& sn, bool online);
  void flush();
  void subscribe(const std::string& sn);

  Options options_;
  std::shared_ptr<Client> client_;  // null: the account is gone, or its key was rotated just now
  StringSet served_;
  StringSet online_;  // as it was said last
  std::deque<wire::mqtt::MessagePtr> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint16_t packet_id_ = 0;  // of the last publication
};

}  // namespace gridloom::bridges
