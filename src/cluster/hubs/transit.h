// Messages of QoS 1 and 2 on their way to sessions that another node keeps. Each is in the log of
// this node, with the report that caused it, until the other node says that it has it in its own.
// So none is lost while the other node is away, nor when one of the two ends.
//
// A session of the other node has a row among the sessions that are stored here, with its user and
// its subscriptions: so it gets messages also if this process ends while the other node is away.
// Its client id there is kOfNode and the node's name, and `signed_in_as` its number there. Its
// messages are stored as those of any session.
//
// A message is sent once the link is introduced: the other node has said which of its sessions
// there are, and up to which number it has messages. Numbers grow, and messages leave in their
// order, so that number says which need not be sent again. This takes one shard, which is what the
// server of a slot has: of messages of several shards one may overtake another.
//
// Thread rule: the loop of the channel; restore() before it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "hub/clients/session_changes.h"
#include "hub/clients/subscription_table.h"
#include "hub/platform/platform.h"
#include "hub/platform/stored_messages.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"

namespace gridloom::hub {

class Transit : public std::enable_shared_from_this<Transit> {
 public:
  // Bytes that wait for one session, and for all of the node: later messages are dropped.
  static constexpr std::size_t kMaxBytesOfSession = std::size_t{8} * 1024 * 1024;
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024 * 1024;

  Transit(Platform& platform, std::string node, std::shared_ptr<NodeChannel> channel);
  Transit(const Transit&) = delete;
  Transit& operator=(const Transit&) = delete;

  void restore(StoredTransit stored);

  // The number here of the session that has the number `there` at the node; 0: sessions are not
  // stored. `client` has it now.
  [[nodiscard]] std::int64_t begin(std::int64_t there, ClientNumber client);
  // Writes the session's row, if it is another one than before.
  void describe(std::int64_t there, const Identity& identity,
                const std::map<std::string, Subscription>& subscriptions);
  // The session ended, and no shard knows it any more. Its messages are done.
  void end(std::int64_t there);

  // Deliveries for the session with the number `session` here, which the log has. Returns how many
  // there is no room for: they are done.
  [[nodiscard]] std::size_t add(std::int64_t session, std::vector<Delivery> deliveries);

  void opened(std::uint64_t session, Millis steady_to_wall);
  void closed();
  // The node has all messages up to this number in its log, or will have them if it does not end:
  // they are not sent again, and wait for taken(). Its clients are known by now: sessions without
  // one have ended.
  void introduced(std::int64_t through);
  // The node has in its log all messages up to this number that were sent to it.
  void taken(std::int64_t through);
  // Call a few times a second: writes what is done into the log, and sends what the link had no
  // room for.
  void tick();

  [[nodiscard]] std::size_t waiting() const { return messages_.size(); }

 private:
  struct Session {
    std::int64_t there = 0;
    ClientNumber client = 0;  // 0: the node has not named it since the link was opened
    std::size_t bytes = 0;
    std::string row{};  // SessionKept
  };
  struct Message {
    std::int64_t session = 0;  // here
    Delivery delivery;
    bool is_sent = false;
  };
  using Messages = std::map<std::int64_t, Message>;  // by number

  void put(std::int64_t session, Delivery delivery);
  Messages::iterator done(Messages::iterator message);
  void send();
  void work_soon();
  void write();
  void log(const SessionChange& change);

  Platform& platform_;
  const std::string node_;
  const std::shared_ptr<NodeChannel> channel_;
  std::uint64_t link_session_ = 0;  // 0: not open
  Millis steady_to_wall_{0};
  bool is_introduced_ = false;
  std::unordered_map<std::int64_t, Session> sessions_;       // by the number here
  std::unordered_map<std::int64_t, std::int64_t> by_there_;  // the number here
  Messages messages_;
  Messages::iterator unsent_ = messages_.end();  // all before it are sent
  std::size_t bytes_ = 0;
  bool works_soon_ = false;   // a task is posted that sends,
  bool writes_soon_ = false;  // and writes
  std::string changes_;       // not in the log yet
};

}  // namespace gridloom::hub
