#include "mqtt/receipts.h"

#include <xxhash.h>

#include <algorithm>

namespace gridloom::mqtt {
namespace {

constexpr std::size_t kEntry_bytes = 11;
constexpr std::size_t kFewest = 4;  // minimum capacity

void append_number(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
  }
}

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

std::uint16_t Receipts::steps_to(std::uint16_t packet_id) const {
  return static_cast<std::uint16_t>(packet_id - entries_.front().packet_id);
}

// Searches from the newest entry: most searches are for one of the newest.
std::optional<std::size_t> Receipts::place_of(std::uint16_t packet_id) const {
  for (std::size_t place = entries_.size(); place-- > 0;) {
    const std::uint16_t id = entries_[place].packet_id;
    if (id == packet_id) return place;
    if (ascending_ && steps_to(id) < steps_to(packet_id)) break;
  }
  return std::nullopt;
}

bool Receipts::knows(const hub::Receipt& receipt) const {
  const auto place = place_of(receipt.packet_id);
  return place && entries_[*place].digest == receipt.digest;
}

std::optional<std::uint64_t> Receipts::digest_of(std::uint16_t packet_id) const {
  const auto place = place_of(packet_id);
  return place ? std::optional(entries_[*place].digest) : std::nullopt;
}

std::uint32_t Receipts::settled(TimePoint now) const {
  std::uint32_t count = 0;
  for (const Entry& entry : entries_) {
    if (entry.owed) continue;
    if (entry.answered_at == TimePoint() || entry.answered_at + kSettled_after > now) break;
    ++count;
  }
  return count;
}

void Receipts::erase(std::size_t place) {
  const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(place);
  // Moves the shorter side.
  if (place < entries_.size() / 2) {
    entries_.rerase(at);
  } else {
    entries_.erase(at);
  }
}

void Receipts::drop_oldest(std::size_t count) {
  for (std::size_t place = 0; count > 0 && place < entries_.size();) {
    if (entries_[place].owed) {
      ++place;
      continue;
    }
    erase(place);
    --count;
  }
}

// Makes room for one more entry; releases the capacity that a burst has left.
void Receipts::make_room() {
  const std::size_t size = entries_.size();
  if (size == entries_.capacity() || size < entries_.capacity() / 4) {
    entries_.set_capacity(std::max(kFewest, 2 * size));
  }
}

void Receipts::take(const hub::Receipt& receipt, std::uint32_t settled) {
  drop_oldest(settled);
  remove(receipt.packet_id);
  make_room();
  ascending_ = entries_.empty() ||
               (ascending_ && steps_to(receipt.packet_id) > steps_to(entries_.back().packet_id));
  entries_.push_back(
      {.digest = receipt.digest, .packet_id = receipt.packet_id, .owed = receipt.exactly_once});
  if (entries_.size() > kMax) drop_oldest(1);
}

void Receipts::answered(std::uint16_t packet_id, TimePoint now) {
  if (const auto place = place_of(packet_id)) entries_[*place].answered_at = now;
}

void Receipts::all_answered(TimePoint now) {
  for (Entry& entry : entries_) entry.answered_at = now;
}

void Receipts::remove(std::uint16_t packet_id) {
  if (const auto place = place_of(packet_id)) erase(*place);
}

void Receipts::clear_owed() {
  for (Entry& entry : entries_) entry.owed = false;
}

std::vector<std::uint16_t> Receipts::owed() const {
  std::vector<std::uint16_t> ids;
  for (const Entry& entry : entries_) {
    if (entry.owed) ids.push_back(entry.packet_id);
  }
  std::ranges::sort(ids);
  return ids;
}

std::string Receipts::bytes() const {
  std::string out;
  out.reserve(entries_.size() * kEntry_bytes);
  for (const Entry& entry : entries_) {
    append_number(out, entry.packet_id, 2);
    append_number(out, entry.owed ? 1 : 0, 1);
    append_number(out, entry.digest, 8);
  }
  return out;
}

std::optional<Receipts> Receipts::from(std::string_view bytes) {
  if (bytes.size() % kEntry_bytes != 0) return std::nullopt;
  Receipts receipts;
  for (; !bytes.empty(); bytes.remove_prefix(kEntry_bytes)) {
    const std::uint64_t flag = number_in(bytes.substr(2, 1));
    if (flag > 1) return std::nullopt;
    receipts.take({.packet_id = static_cast<std::uint16_t>(number_in(bytes.substr(0, 2))),
                   .exactly_once = flag == 1,
                   .digest = number_in(bytes.substr(3, 8))},
                  0);
  }
  return receipts;
}

std::uint64_t digest_of(std::string_view topic, std::string_view payload) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(),
                              XXH3_64bits(topic.data(), topic.size()));
}

}  // namespace gridloom::mqtt
