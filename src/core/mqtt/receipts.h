// The recent QoS 1 and 2 publications of a client, to tell a repetition (DUP) from a new message
// with the same content.
//
// A repetition has the packet id of the first transmission and the same topic and payload, and the
// id was not used for anything else in between. A receipt is kept until the client shows that it
// has the acknowledgement (it uses the id again, or sends PUBREL), until it was acknowledged
// kSettled_after ago on a connection that is still used, or until kMax newer ones came.
//
// Pure (time is passed in); one thread at a time.
#pragma once

#include <boost/circular_buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/clients/session_changes.h"

namespace gridloom::mqtt {

class Receipts {
 public:
  // More than the number of messages that a client may have unacknowledged.
  static constexpr std::size_t kMax = 1024;
  static constexpr Millis kSettled_after{60'000};

  // Whether this is the last message that came with its packet id.
  [[nodiscard]] bool knows(const hub::Receipt& receipt) const;
  [[nodiscard]] std::optional<std::uint64_t> digest_of(std::uint16_t packet_id) const;
  // Number of the oldest receipts that are no longer needed at `now`.
  [[nodiscard]] std::uint32_t settled(TimePoint now) const;

  // Adds a publication and removes the oldest `settled` that are not owed a PUBREL.
  void take(const hub::Receipt& receipt, std::uint32_t settled);
  // The acknowledgement is being sent.
  void answered(std::uint16_t packet_id, TimePoint now);
  void all_answered(TimePoint now);
  // The publication was refused, or its PUBREL arrived.
  void remove(std::uint16_t packet_id);
  // The session started clean: PUBRELs are no longer owed.
  void clear_owed();

  // Packet ids of QoS 2 whose PUBREL is owed, ascending.
  [[nodiscard]] std::vector<std::uint16_t> owed() const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // The format on disk: 11 bytes per receipt, the oldest first.
  [[nodiscard]] std::string bytes() const;
  // Empty: the bytes were not made by bytes().
  [[nodiscard]] static std::optional<Receipts> from(std::string_view bytes);

 private:
  struct Entry {
    std::uint64_t digest = 0;
    TimePoint answered_at{};  // zero: not acknowledged yet
    std::uint16_t packet_id = 0;
    bool owed = false;  // a PUBREL is owed
  };
  // Each id once, the oldest first.
  using Entries = boost::circular_buffer<Entry>;

  // Distance from the oldest entry's id to this one, with wrap-around.
  [[nodiscard]] std::uint16_t steps_to(std::uint16_t packet_id) const;
  [[nodiscard]] std::optional<std::size_t> place_of(std::uint16_t packet_id) const;
  void erase(std::size_t place);
  void drop_oldest(std::size_t count);
  void make_room();

  Entries entries_;
  // Each entry's distance is greater than that of the one before it, as with most clients; then an
  // id that is newer than all need not be searched for.
  bool ascending_ = true;
};

// Hash of topic and payload. Messages with the same digest count as equal only if the packet id
// agrees as well.
[[nodiscard]] std::uint64_t digest_of(std::string_view topic, std::string_view payload);

}  // namespace gridloom::mqtt
