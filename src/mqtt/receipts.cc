#include "mqtt/receipts.h"

#include <xxhash.h>

#include <algorithm>

namespace gridloom::mqtt {
namespace {

constexpr std::size_t kEntry_bytes = 11;

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

const Receipts::Entry* Receipts::find(std::uint16_t packet_id) const {
  const auto& by_id = entries_.get<1>();
  const auto found = by_id.find(packet_id);
  return found == by_id.end() ? nullptr : &*found;
}

bool Receipts::knows(const hub::Receipt& receipt) const {
  const Entry* const found = find(receipt.packet_id);
  return found != nullptr && found->receipt.digest == receipt.digest;
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

void Receipts::drop_oldest(std::size_t count) {
  for (auto at = entries_.begin(); count > 0 && at != entries_.end();) {
    if (at->owed) {
      ++at;
      continue;
    }
    at = entries_.erase(at);
    --count;
  }
}

void Receipts::take(const hub::Receipt& receipt, std::uint32_t settled) {
  drop_oldest(settled);
  remove(receipt.packet_id);
  entries_.push_back({.receipt = receipt, .owed = receipt.exactly_once});
  if (entries_.size() > kMost) drop_oldest(1);
}

void Receipts::answered(std::uint16_t packet_id, TimePoint now) {
  if (const Entry* const found = find(packet_id)) found->answered_at = now;
}

void Receipts::all_answered(TimePoint now) {
  for (const Entry& entry : entries_) entry.answered_at = now;
}

void Receipts::remove(std::uint16_t packet_id) { entries_.get<1>().erase(packet_id); }

void Receipts::clear_owed() {
  for (const Entry& entry : entries_) entry.owed = false;
}

std::vector<std::uint16_t> Receipts::owed() const {
  std::vector<std::uint16_t> ids;
  for (const Entry& entry : entries_) {
    if (entry.owed) ids.push_back(entry.receipt.packet_id);
  }
  std::ranges::sort(ids);
  return ids;
}

std::string Receipts::bytes() const {
  std::string out;
  out.reserve(entries_.size() * kEntry_bytes);
  for (const Entry& entry : entries_) {
    append_number(out, entry.receipt.packet_id, 2);
    append_number(out, entry.owed ? 1 : 0, 1);
    append_number(out, entry.receipt.digest, 8);
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
