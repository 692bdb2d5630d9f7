// A copy-on-write hash index whose copies share unchanged buckets: a snapshot with one more device
// costs one bucket and 256 pointers, whether there are ten devices or a hundred thousand.
//
// Invariant: a bucket shared by two indexes is never written; an index writes only those buckets in
// place that it created itself since it was copied. A published index is const, so any thread may
// read it.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gridloom::registry {

// kKey is the member of T used as the key, as in CowIndex<Device, &Device::sn>.
template <typename T, auto kKey>
class CowIndex {
 public:
  using Key = std::remove_cvref_t<decltype(std::declval<const T&>().*kKey)>;
  using KeyView = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key>;

  CowIndex() = default;
  CowIndex(const CowIndex& other) : buckets_(other.buckets_) {}  // shares all buckets, owns none
  CowIndex(CowIndex&&) noexcept = default;
  CowIndex& operator=(const CowIndex&) = delete;
  CowIndex& operator=(CowIndex&&) noexcept = default;
  ~CowIndex() = default;

  // nullptr if there is none. The result lives as long as any index that contains it.
  [[nodiscard]] const T* find(KeyView key) const {
    const std::size_t hash = hash_of(key);
    const Bucket* bucket = buckets_[hash % kBuckets].get();
    if (bucket == nullptr) return nullptr;
    const auto at = place(*bucket, hash, key);
    return at != bucket->end() && is(*at, hash, key) ? at->value.get() : nullptr;
  }

  // Adds `value`, or replaces the entry with the same key.
  void put(std::shared_ptr<const T> value) {
    const KeyView key = (*value).*kKey;
    const std::size_t hash = hash_of(key);
    Bucket& bucket = own_bucket(hash % kBuckets);
    const auto at = place(bucket, hash, key);
    if (at != bucket.end() && is(*at, hash, key)) {
      at->value = std::move(value);
    } else {
      bucket.insert(at, Entry{.hash = hash, .value = std::move(value)});
    }
  }

  void erase(KeyView key) {
    if (find(key) == nullptr) return;
    const std::size_t hash = hash_of(key);
    Bucket& bucket = own_bucket(hash % kBuckets);
    bucket.erase(place(bucket, hash, key));
  }

  // All values, in no particular order.
  [[nodiscard]] std::vector<const T*> all() const {
    std::vector<const T*> found;
    for (const auto& bucket : buckets_) {
      if (!bucket) continue;
      for (const Entry& entry : *bucket) found.push_back(entry.value.get());
    }
    return found;
  }

 private:
  struct Entry {
    std::size_t hash = 0;
    std::shared_ptr<const T> value;
  };
  using Bucket = std::vector<Entry>;  // sorted by hash: keys are compared only for equal hashes
  static constexpr std::size_t kBuckets = 256;

  static std::size_t hash_of(KeyView key) { return std::hash<KeyView>{}(key); }
  static bool is(const Entry& entry, std::size_t hash, KeyView key) {
    return entry.hash == hash && (*entry.value).*kKey == key;
  }

  // The position of the entry with the key, or the position at which to insert it.
  template <typename Entries>
  static auto place(Entries& bucket, std::size_t hash, KeyView key) {
    auto at = std::ranges::lower_bound(bucket, hash, {}, &Entry::hash);
    while (at != bucket.end() && at->hash == hash && !is(*at, hash, key)) ++at;
    return at;
  }

  Bucket& own_bucket(std::size_t number) {
    std::shared_ptr<Bucket>& bucket = buckets_[number];
    if (!own_[number]) {
      bucket = bucket ? std::make_shared<Bucket>(*bucket) : std::make_shared<Bucket>();
      own_[number] = true;
    }
    return *bucket;
  }

  std::array<std::shared_ptr<Bucket>, kBuckets> buckets_;
  std::bitset<kBuckets> own_;
};

}  // namespace gridloom::registry
