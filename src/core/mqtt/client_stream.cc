#include "mqtt/client_stream.h"

namespace gridloom::mqtt {

ClientStream::RecordedPublication ClientStream::take(
    const hub::Receipt& receipt, bool dup, TimePoint now,
    const std::function<std::int64_t()>& new_number) {
  const std::lock_guard lock(mutex_);
  RecordedPublication taken{.stream = number_, .is_new_stream = number_ == 0};
  if (dup && receipts_.knows(receipt)) {
    taken.repeated = true;
    return taken;
  }
  if (taken.is_new_stream) taken.stream = number_ = new_number();
  taken.settled = receipts_.settled(now);
  receipts_.take(receipt, taken.settled);
  return taken;
}

void ClientStream::answered(const hub::Ack& ack, TimePoint now) {
  const std::lock_guard lock(mutex_);
  // A refused publication was not accepted, and may be sent again.
  if (wire::mqtt::is_refusal(ack.reason)) {
    receipts_.remove(ack.token.packet_id);
  } else {
    receipts_.answered(ack.token.packet_id, now);
  }
}

std::int64_t ClientStream::released(std::uint16_t packet_id) {
  const std::lock_guard lock(mutex_);
  receipts_.remove(packet_id);
  return number_;
}

std::int64_t ClientStream::cleared() {
  const std::lock_guard lock(mutex_);
  receipts_.clear_owed();
  return number_;
}

std::int64_t ClientStream::number() const {
  const std::lock_guard lock(mutex_);
  return number_;
}

bool ClientStream::empty() const {
  const std::lock_guard lock(mutex_);
  return receipts_.empty();
}

std::vector<std::uint16_t> ClientStream::owed() const {
  const std::lock_guard lock(mutex_);
  return receipts_.owed();
}

TimePoint ClientStream::used_at() const {
  const std::lock_guard lock(mutex_);
  return used_at_;
}

void ClientStream::use(TimePoint now) {
  const std::lock_guard lock(mutex_);
  used_at_ = now;
}

}  // namespace gridloom::mqtt
