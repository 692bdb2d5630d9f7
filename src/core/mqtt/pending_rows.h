// Rows of sessions, of their messages and of retained messages that are in the log but not in the
// store yet: the final state of each, whatever led to it. So they are never more than the rows that
// are live or stored, however long the store is away, and short-lived data are never written.
//
// Streams have StreamTable. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "hub/clients/session_changes.h"
#include "mqtt/stored_session.h"

namespace gridloom::mqtt {

// Approximate size of a row besides its packet.
inline constexpr std::size_t kRowBytes = 200;

class PendingRows {
 public:
  // Sessions and messages up to this number may be in the store although the log only now says that
  // they begin: an earlier write of them was not completed.
  explicit PendingRows(std::int64_t stored_through = 0)
      : highest_(stored_through), stored_through_(stored_through) {}

  // Ignores changes of streams. False: the change cannot be read.
  bool apply(const hub::SessionChange& change);
  // Ends a record: no further change belongs to the record of the previous ones.
  void end_record() { last_packet_.reset(); }
  // Adds rows that were taken after these.
  void append(PendingRows later);
  // These rows may be in the store, in whole or in part: writing them ended with an error.
  void set_maybe_stored() { stored_through_ = highest_; }

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;
  // Approximate size of the messages.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // The highest number that any session or message had.
  [[nodiscard]] std::int64_t highest_number() const { return highest_; }

  struct Message {
    bool is_new = false;  // all columns are known here; else only its stage changes
    bool done = false;    // it is deleted
    wire::mqtt::Outbox::DeliveryState stage{};
    std::uint16_t packet_id = 0;
    std::int64_t expires_at_ms = 0;
    wire::mqtt::PacketFlags flags{};
    std::shared_ptr<const std::string> packet{};
  };
  struct Retained {
    std::int64_t device = 0;
    std::int64_t expires_at_ms = 0;
    std::string packet;  // empty: there is no retained message any more
  };
  using MessageKey = std::pair<std::int64_t, std::int64_t>;  // session, number

  // Stored rows of these sessions and of their messages are deleted.
  [[nodiscard]] const std::set<std::int64_t>& ended() const { return ended_; }
  [[nodiscard]] const std::map<std::int64_t, StoredSession>& sessions() const { return sessions_; }
  [[nodiscard]] const std::map<MessageKey, Message>& messages() const { return messages_; }
  [[nodiscard]] const std::map<std::string, Retained>& retained() const { return retained_; }

 private:
  bool on(const hub::MessageKept& change);
  bool on(const hub::MessageNumbered& change);
  bool on(const hub::MessageReleased& change);
  bool on(const hub::MessageDone& change);
  bool on(const hub::SessionKept& change);
  bool on(const hub::SessionEnded& change);
  bool on(const hub::RetainedKept& change);
  template <typename OfStream>
  bool on(const OfStream& /*change*/) {
    return true;
  }
  void keep(const MessageKey& key, Message message);
  void number(const MessageKey& key, std::uint16_t packet_id);
  void release(const MessageKey& key, std::uint16_t packet_id);
  void remove(const MessageKey& key);
  void end(std::int64_t session);
  void forget(const Message& message);

  std::set<std::int64_t> ended_;
  std::map<std::int64_t, StoredSession> sessions_;
  std::map<MessageKey, Message> messages_;
  std::map<std::string, Retained> retained_;
  std::shared_ptr<const std::string> last_packet_;
  std::size_t bytes_ = 0;
  std::int64_t highest_;
  std::int64_t stored_through_;
};

}  // namespace gridloom::mqtt
