#include "hub/feed/change_feed.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridloom::hub {
namespace {

using Scope = ChangeReaderOptions::Scope;

// The memory of a change beside its texts.
constexpr std::size_t kChangeBytes = 96;

std::size_t bytes_of(const ValueChange& value) {
  return kChangeBytes + value.name.size() + value.text.size();
}

// Puts the change in the place of an earlier one with the same key. The list is sorted by it.
template <typename Change, typename Key>
Change* latest(std::vector<Change>& changes, const Change& change, Key key) {
  const auto at = std::ranges::lower_bound(changes, change.*key, {}, key);
  if (at == changes.end() || (*at).*key != change.*key) return &*changes.insert(at, change);
  *at = change;
  return nullptr;
}

bool has_events(const DeviceChanges& changes) {
  return changes.has_all_faults || !changes.faults.empty() || !changes.presence.empty() ||
         !changes.sets.empty();
}

void erase(std::vector<ChangeMailboxPtr>& from, const ChangeMailbox& mailbox) {
  std::erase_if(from, [&](const ChangeMailboxPtr& each) { return each.get() == &mailbox; });
}

}  // namespace

// --- a reader's mailbox

bool ChangeMailbox::add(const DeviceChanges& changes, Partition partition, std::uint64_t through) {
  if (!wants_reports() && !has_events(changes)) return false;
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return false;
  cover(partition, through);
  if (!waiting_.is_lost) merge(changes);
  if (bytes_ > options_.most_bytes) lose();
  return std::exchange(state_, State::kPosted) == State::kEmpty;
}

void ChangeMailbox::cover(Partition partition, std::uint64_t through) {
  const auto known =
      std::ranges::find(waiting_.covered, partition, &ChangeBatch::Covered::partition);
  if (known != waiting_.covered.end()) {
    known->through = through;
  } else if (through > told_.at(partition)) {
    waiting_.covered.push_back(
        {.partition = partition, .after = told_.at(partition), .through = through});
  }
}

void ChangeMailbox::merge(const DeviceChanges& changes) {
  const auto [found, is_new] = places_.try_emplace(changes.sn, waiting_.devices.size());
  if (is_new) waiting_.devices.push_back({.sn = changes.sn});
  DeviceChanges& into = waiting_.devices[found->second];
  std::size_t bytes = is_new ? kChangeBytes + changes.sn.size() : 0;
  into.number = std::max(into.number, changes.number);
  if (changes.last_report) into.last_report = changes.last_report;
  if (changes.membership != Membership::kUnchanged) into.membership = changes.membership;
  if (wants_values()) {
    for (const ValueChange& each : changes.values) {
      const auto at = std::ranges::lower_bound(into.values, each.slot, {}, &ValueChange::slot);
      if (at == into.values.end() || at->slot != each.slot) {
        into.values.insert(at, each);
        bytes += bytes_of(each);
      } else {
        bytes += bytes_of(each);
        bytes_ -= bytes_of(*at);
        *at = each;
      }
    }
  }
  if (wants_events()) {
    into.has_all_faults = into.has_all_faults || changes.has_all_faults;
    for (const FaultChange& each : changes.faults) {
      into.faults.push_back(each);
      bytes += kChangeBytes + each.field.size() + each.text.size();
    }
    for (const ShownPresence& each : changes.presence) {
      if (latest(into.presence, each, &ShownPresence::account) != nullptr) bytes += kChangeBytes;
    }
    for (const SetOutcome& each : changes.sets) {
      into.sets.push_back(each);
      bytes += kChangeBytes + each.id.size() + each.why.size();
    }
  }
  bytes_ += bytes;
}

void ChangeMailbox::lose() {
  waiting_.is_lost = true;
  waiting_.devices = {};
  places_ = {};
  bytes_ = 0;
}

bool ChangeMailbox::lose_thread() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return false;
  lose();
  return std::exchange(state_, State::kPosted) == State::kEmpty;
}

ChangeInterest ChangeMailbox::interest(std::string sn) const {
  return {.scope = options_.scope,
          .detail = options_.detail,
          .account = options_.account,
          .reader = wants_reports() ? 0 : number_,
          .sn = std::move(sn)};
}

void ChangeMailbox::post(const std::shared_ptr<ChangeMailbox>& mailbox) {
  mailbox->options_.loop->post_lazily([mailbox] { mailbox->deliver(); });
}

void ChangeMailbox::deliver() {
  ChangeBatch batch;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kPosted) return;
    state_ = State::kEmpty;
    batch = std::exchange(waiting_, {});
    places_.clear();
    bytes_ = 0;
    for (const ChangeBatch::Covered& each : batch.covered) {
      told_.advance(each.partition, each.through);
    }
  }
  if (const auto reader = options_.reader.lock()) reader->on_changes(std::move(batch));
}

void ChangeMailbox::close() {
  const std::lock_guard lock(mutex_);
  state_ = State::kClosed;
  waiting_ = {};
  places_ = {};
  bytes_ = 0;
}

// --- subscriptions

ChangeSubscription::~ChangeSubscription() {
  if (mailbox_) feed_->end(mailbox_);
}

void ChangeSubscription::add(const std::string& sn) { feed_->add(mailbox_, sn); }

void ChangeSubscription::remove(const std::string& sn) { feed_->remove(*mailbox_, sn); }

// --- the feed

void ChangeFeed::count(Partition partition, int readers) {
  Part& part = parts_[number_of(partition)];
  part.readers.fetch_add(static_cast<std::uint32_t>(readers), std::memory_order_relaxed);
  part.generation.fetch_add(1, std::memory_order_release);
}

void ChangeFeed::count_everywhere(int readers) {
  for (std::size_t i = 0; i < kPartitions; ++i) count(static_cast<Partition>(i), readers);
}

ChangeSubscription ChangeFeed::subscribe(ChangeReaderOptions options) {
  const std::lock_guard lock(mutex_);
  auto mailbox = std::make_shared<ChangeMailbox>(std::move(options), ++last_number_);
  const ChangeReaderOptions& chosen = mailbox->options();
  if (chosen.scope == Scope::kAll) of_everything_.push_back(mailbox);
  if (chosen.scope == Scope::kAccount) by_account_[chosen.account].push_back(mailbox);
  if (chosen.scope != Scope::kDevices) {
    count_everywhere(1);
    begin(*mailbox, {});
  }
  return {*this, std::move(mailbox)};
}

void ChangeFeed::end(const ChangeMailboxPtr& mailbox) {
  mailbox->close();
  const ChangeReaderOptions& options = mailbox->options();
  const std::lock_guard lock(mutex_);
  if (options.scope != Scope::kDevices) cease(*mailbox, {});
  switch (options.scope) {
    case Scope::kAll:
      erase(of_everything_, *mailbox);
      return count_everywhere(-1);
    case Scope::kAccount: {
      const auto found = by_account_.find(options.account);
      erase(found->second, *mailbox);
      if (found->second.empty()) by_account_.erase(found);
      return count_everywhere(-1);
    }
    case Scope::kDevices:
      for (auto at = by_device_.begin(); at != by_device_.end();) {
        const std::size_t before = at->second.size();
        erase(at->second, *mailbox);
        if (at->second.size() != before) {
          count(partition_of(at->first), -1);
          cease(*mailbox, at->first);
        }
        at = at->second.empty() ? by_device_.erase(at) : std::next(at);
      }
  }
}

void ChangeFeed::add(const ChangeMailboxPtr& mailbox, const std::string& sn) {
  const std::lock_guard lock(mutex_);
  by_device_[sn].push_back(mailbox);
  count(partition_of(sn), 1);
  begin(*mailbox, sn);
}

void ChangeFeed::remove(const ChangeMailbox& mailbox, const std::string& sn) {
  const std::lock_guard lock(mutex_);
  const auto found = by_device_.find(sn);
  if (found == by_device_.end()) return;
  const std::size_t before = found->second.size();
  erase(found->second, mailbox);
  if (found->second.size() != before) {
    count(partition_of(sn), -1);
    cease(mailbox, sn);
  }
  if (found->second.empty()) by_device_.erase(found);
}

std::vector<ChangeMailboxPtr> ChangeFeed::readers_of(std::string_view sn,
                                                     const registry::Device* device) const {
  const std::lock_guard lock(mutex_);
  std::vector<ChangeMailboxPtr> readers = of_everything_;
  const auto add = [&](const std::vector<ChangeMailboxPtr>& more) {
    readers.insert(readers.end(), more.begin(), more.end());
  };
  if (const auto found = by_device_.find(sn); found != by_device_.end()) add(found->second);
  if (device == nullptr || by_account_.empty()) return readers;
  const auto add_account = [&](registry::AccountId account) {
    if (const auto found = by_account_.find(account); found != by_account_.end()) {
      add(found->second);
    }
  };
  add_account(device->owner);
  for (const registry::Share& share : device->shares) add_account(share.account);
  return readers;
}

std::vector<ChangeMailboxPtr> ChangeFeed::wide_readers() const {
  const std::lock_guard lock(mutex_);
  std::vector<ChangeMailboxPtr> readers = of_everything_;
  for (const auto& [account, some] : by_account_) {
    readers.insert(readers.end(), some.begin(), some.end());
  }
  return readers;
}

std::vector<std::string> ChangeFeed::named_devices() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  all.reserve(by_device_.size());
  for (const auto& [sn, readers] : by_device_) all.push_back(sn);
  return all;
}

// --- what other nodes tell

void ChangeFeed::begin(const ChangeMailbox& mailbox, const std::string& sn) {
  if (mailbox.options().for_node) return;
  const ChangeInterest interest = mailbox.interest(sn);
  if (++interests_[interest] == 1 && told_) told_(interest, true);
}

void ChangeFeed::cease(const ChangeMailbox& mailbox, const std::string& sn) {
  const auto found = interests_.find(mailbox.interest(sn));
  if (mailbox.options().for_node || found == interests_.end() || --found->second != 0) return;
  if (told_) told_(found->first, false);
  interests_.erase(found);
}

void ChangeFeed::on_interest(ToldInterest told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

void ChangeFeed::for_each_interest(
    const std::function<void(const ChangeInterest& interest)>& each) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [interest, readers] : interests_) each(interest);
}

std::vector<ChangeMailboxPtr> ChangeFeed::readers_with(const ChangeInterest& interest,
                                                       std::string_view sn) const {
  std::vector<ChangeMailboxPtr> readers;
  const auto add = [&](const std::vector<ChangeMailboxPtr>& some) {
    std::ranges::copy_if(some, std::back_inserter(readers), [&](const ChangeMailboxPtr& each) {
      return !each->options().for_node && each->interest() == interest;
    });
  };
  const auto of_account = by_account_.find(interest.account);
  switch (interest.scope) {
    case Scope::kAll:
      add(of_everything_);
      break;
    case Scope::kAccount:
      if (of_account != by_account_.end()) add(of_account->second);
      break;
    case Scope::kDevices:
      if (const auto found = by_device_.find(sn); found != by_device_.end()) add(found->second);
  }
  return readers;
}

void ChangeFeed::tell(const ChangeInterest& interest, const ChangeBatch& batch) {
  std::vector<ChangeMailboxPtr> to_post;
  const std::lock_guard lock(mutex_);
  for (const DeviceChanges& changes : batch.devices) {
    const Partition partition = partition_of(changes.sn);
    const auto covered =
        std::ranges::find(batch.covered, partition, &ChangeBatch::Covered::partition);
    const std::uint64_t through = covered == batch.covered.end() ? 0 : covered->through;
    for (const ChangeMailboxPtr& reader : readers_with(interest, changes.sn)) {
      if (reader->add(changes, partition, through)) to_post.push_back(reader);
    }
  }
  for (const ChangeMailboxPtr& reader : to_post) ChangeMailbox::post(reader);
}

void ChangeFeed::lose_all() {
  std::vector<ChangeMailboxPtr> readers;
  const std::lock_guard lock(mutex_);
  readers = of_everything_;
  const auto add = [&](const auto& some) {
    for (const auto& [key, more] : some) std::ranges::copy(more, std::back_inserter(readers));
  };
  add(by_account_);
  add(by_device_);
  for (const ChangeMailboxPtr& reader : readers) {
    if (!reader->options().for_node && reader->lose_thread()) ChangeMailbox::post(reader);
  }
}

}  // namespace gridloom::hub
