// The QoS 1 and 2 publications of one client of one user, over all its connections and sessions, as
// long as repetitions of them may still arrive (mqtt/receipts.h).
//
// Thread rule: any function from any thread; the connection that a client leaves and the one it
// returns with may be on two loops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "mqtt/receipts.h"

namespace gridloom::mqtt {

class ClientStream {
 public:
  // `number` 0: nothing has been published yet.
  explicit ClientStream(std::int64_t number = 0, Receipts receipts = {})
      : number_(number), receipts_(std::move(receipts)) {}

  struct RecordedPublication {
    std::int64_t stream = 0;
    bool is_new_stream = false;
    bool repeated = false;
    std::uint32_t settled = 0;
  };
  // Records a publication; `new_number` is called for the first one.
  [[nodiscard]] RecordedPublication take(const hub::Receipt& receipt, bool dup, TimePoint now,
                                         const std::function<std::int64_t()>& new_number);
  void answered(const hub::Ack& ack, TimePoint now);
  // PUBREL arrived. Returns the stream's number; 0: it has none.
  [[nodiscard]] std::int64_t released(std::uint16_t packet_id);
  // The session started clean. Returns the stream's number; 0: it has none.
  [[nodiscard]] std::int64_t cleared();

  [[nodiscard]] std::int64_t number() const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<std::uint16_t> owed() const;
  // Time of the last use, to end idle streams.
  [[nodiscard]] TimePoint used_at() const;
  void use(TimePoint now);

 private:
  mutable std::mutex mutex_;
  std::int64_t number_ = 0;
  Receipts receipts_;
  TimePoint used_at_{};
};

using ClientStreamPtr = std::shared_ptr<ClientStream>;

}  // namespace gridloom::mqtt
