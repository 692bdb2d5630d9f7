#include "bridges/core/device_book.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <span>
#include <utility>

#include "base/loop.h"
#include "hub/platform/platform.h"

namespace gridloom::bridges {
namespace {

// Twins that are read at once.
constexpr std::size_t kTwinsAtOnce = 32;

}  // namespace

// --- a device

BookDevice::BookDevice(std::string sn, std::string name, const catalog::Catalog& catalog)
    : sn_(std::move(sn)),
      name_(std::move(name)),
      family_(catalog.of_serial(sn_)),
      product_(catalog.product_name(sn_)) {}

std::optional<std::size_t> BookDevice::slot_named(std::string_view name) const {
  const auto found = slots_.find(name);
  return found == slots_.end() ? std::nullopt : std::optional(found->second);
}

BookDevice::Value& BookDevice::value_at(std::size_t slot, std::string_view name) {
  if (values_.size() <= slot) values_.resize(slot + 1);
  Value& value = values_[slot];
  if (value.name.empty() && !name.empty()) {
    value.name = name;
    value.field = family_->field(name);
    slots_.insert_or_assign(value.name, slot);
  }
  return value;
}

void BookDevice::load(const hub::TwinSnapshot& twin) {
  for (std::size_t slot = 0; slot < twin.names(); ++slot) value_at(slot, twin.name_of(slot));
  twin.values.for_each([&](std::size_t slot, std::string_view text) {
    Value& value = values_[slot];
    if (value.text != text) value.at = twin.last_report;
    value.text = text;
  });
  if (twin.last_report) last_report_ = std::max(last_report_, twin.last_report);
  has_values_ = has_values_ || twin.has_values;
  number_ = twin.number;
  is_loaded_ = true;
  for (const auto& [slot, change] : std::exchange(waiting_, {})) set(change);
}

bool BookDevice::knows(const hub::ValueChange& change) const {
  return !change.name.empty() ||
         (change.slot < values_.size() && !values_[change.slot].name.empty());
}

bool BookDevice::set(const hub::ValueChange& change) {
  if (change.number <= number_) return false;
  has_values_ = true;
  Value& value = value_at(change.slot, change.name);
  value.at = change.at;
  return std::exchange(value.text, change.text) != change.text;
}

// --- the book

class DeviceBook::Reader final : public hub::ChangeReader {
 public:
  explicit Reader(DeviceBook& book) : book_(&book) {}
  void on_changes(hub::ChangeBatch batch) override {
    if (book_ != nullptr) book_->on_changes(std::move(batch));
  }
  // The book that waits for an answer; null if it is gone.
  [[nodiscard]] DeviceBook* book() const { return book_; }
  void end() { book_ = nullptr; }

 private:
  DeviceBook* book_;
};

DeviceBook::DeviceBook(hub::Hub& hub, Loop& loop, registry::AccountId account, Listener& listener)
    : hub_(hub),
      loop_(loop),
      account_(account),
      listener_(listener),
      reader_(std::make_shared<Reader>(*this)) {
  subscription_ = hub_.changes().subscribe({.reader = reader_,
                                            .loop = &loop_,
                                            .scope = hub::ChangeReaderOptions::Scope::kAccount,
                                            .account = account_});
  read_all();
}

DeviceBook::~DeviceBook() { reader_->end(); }

const BookDevice* DeviceBook::find(std::string_view sn) const {
  const auto found = devices_.find(sn);
  return found == devices_.end() || !found->second->is_loaded_ ? nullptr : found->second.get();
}

void DeviceBook::for_each(const std::function<void(const BookDevice&)>& each) const {
  for (const auto& [sn, device] : devices_) {
    if (device->is_loaded_) each(*device);
  }
}

void DeviceBook::read_all() {
  const auto directory = hub_.platform().registry.directory();
  std::vector<std::string> sns;
  for (const auto& list : {directory->devices_of(account_), directory->shared_with(account_)}) {
    for (const registry::Device* device : list) sns.push_back(device->sn);
  }
  for (const std::string& sn : sns) add(sn);
  read(std::move(sns));
}

void DeviceBook::add(const std::string& sn) {
  const auto directory = hub_.platform().registry.directory();
  const registry::Device* known = directory->find_device(sn);
  if (known == nullptr) return;
  auto& device = devices_[sn];
  if (device) return;
  device = std::make_unique<BookDevice>(known->sn, known->name, *hub_.platform().catalog);
}

void DeviceBook::remove(const std::string& sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return;
  devices_.erase(found);
  listener_.on_removed(sn);
}

void DeviceBook::read(std::vector<std::string> sns) {
  loading_ += sns.size();
  for (std::size_t first = 0; first < sns.size(); first += kTwinsAtOnce) {
    const std::size_t some = std::min(sns.size() - first, kTwinsAtOnce);
    std::vector<std::string> asked(sns.begin() + static_cast<std::ptrdiff_t>(first),
                                   sns.begin() + static_cast<std::ptrdiff_t>(first + some));
    auto done = [reader = reader_, asked](Result<std::vector<hub::TwinSnapshot>> twins) {
      if (DeviceBook* const book = reader->book()) {
        book->take_twins(asked, twins.value_or(std::vector<hub::TwinSnapshot>()));
      }
    };
    hub_.read_twins(account_, asked, {.loop = &loop_, .done = std::move(done)});
  }
}

void DeviceBook::take_twins(const std::vector<std::string>& asked,
                            const std::vector<hub::TwinSnapshot>& twins) {
  loading_ -= asked.size();
  for (const std::string& sn : asked) {
    const auto found = devices_.find(sn);
    if (found == devices_.end()) continue;
    BookDevice& device = *found->second;
    const auto twin = std::ranges::find(twins, sn, &hub::TwinSnapshot::sn);
    // The hub knows nothing of the device since it started.
    device.load(
        twin == twins.end()
            ? hub::TwinSnapshot{.sn = sn,
                                .last_report = {},
                                .moment = {},
                                .declared = std::make_shared<const std::vector<std::string>>(),
                                .extra = {}}
            : *twin);
    update_state(device);
    listener_.on_device(device);
  }
}

void DeviceBook::on_changes(hub::ChangeBatch batch) {
  if (batch.is_lost) return read_all();
  for (const hub::DeviceChanges& changes : batch.devices) apply(changes);
}

void DeviceBook::apply(const hub::DeviceChanges& changes) {
  if (changes.membership == hub::Membership::kRemoved) return remove(changes.sn);
  if (changes.membership == hub::Membership::kAdded) {
    remove(changes.sn);  // it may be another device from now on
    add(changes.sn);
    return read({changes.sn});
  }
  const auto found = devices_.find(changes.sn);
  if (found == devices_.end()) return;
  BookDevice& device = *found->second;
  if (changes.last_report) device.last_report_ = std::max(device.last_report_, changes.last_report);
  if (!device.is_loaded_) {
    for (const hub::ValueChange& each : changes.values) device.waiting_[each.slot] = each;
    return;
  }
  // The first report of a device that the hub knew nothing of.
  const bool is_known =
      std::ranges::all_of(changes.values, [&](const auto& each) { return device.knows(each); });
  if (!is_known) return read({changes.sn});
  std::vector<std::size_t> slots;
  for (const hub::ValueChange& each : changes.values) {
    if (device.set(each)) slots.push_back(each.slot);
  }
  device.number_ = std::max(device.number_, changes.number);
  const bool is_other = update_state(device);
  if (!slots.empty()) listener_.on_values(device, slots);
  if (is_other || (slots.empty() && changes.last_report)) listener_.on_state(device);
}

bool DeviceBook::update_state(BookDevice& device) {
  const TimePoint now = hub_.platform().clock.now();
  std::optional<Millis> age;
  if (device.last_report_) {
    age = std::chrono::duration_cast<Millis>(now - *device.last_report_);
    const auto next = overview::next_change(*device.family_, *device.last_report_, now);
    if (next && (!check_at_ || *next < *check_at_)) check_at_ = next;
  }
  const overview::Freshness state = overview::freshness_of(
      *device.family_,
      {.online = hub_.online(account_, device.sn_), .has_values = device.has_values_, .age = age});
  return std::exchange(device.state_, state) != state;
}

void DeviceBook::tick() {
  if (!check_at_ || hub_.platform().clock.now() < *check_at_) return;
  check_at_.reset();
  for (auto& [sn, device] : devices_) {
    if (device->is_loaded_ && update_state(*device)) listener_.on_state(*device);
  }
}

void DeviceBook::registry_changed() {
  const auto directory = hub_.platform().registry.directory();
  for (auto& [sn, device] : devices_) {
    const registry::Device* known = directory->find_device(sn);
    if (known == nullptr || known->name == device->name_) continue;
    device->name_ = known->name;
    if (device->is_loaded_) listener_.on_device(*device);
  }
}

namespace {

constexpr std::chrono::seconds kPatience{5};

using Twins = std::vector<hub::TwinSnapshot>;

// A reply may come after its patience is over.
Loop& reply_loop() {
  static ImmediateLoop loop;
  return loop;
}

}  // namespace

Result<std::vector<DeviceNow>> devices_now(const Parts& parts, registry::AccountId account) {
  const auto directory = parts.registry.directory();
  const auto& catalog = *parts.hub.platform().catalog;
  std::vector<DeviceNow> devices;
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* each : list) {
      devices.push_back(
          {.sn = each->sn, .name = each->name, .family = catalog.of_serial(each->sn)});
    }
  }
  std::ranges::sort(devices, {}, &DeviceNow::sn);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (std::span<DeviceNow> rest = devices; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kTwinsAtOnce));
    rest = rest.subspan(some.size());
    std::vector<std::string> sns;
    for (const DeviceNow& each : some) sns.push_back(each.sn);
    auto replied = std::make_shared<std::promise<Result<Twins>>>();
    auto reply = replied->get_future();
    parts.hub.read_twins(account, sns,
                         {.loop = &reply_loop(), .done = [replied](Result<Twins> twins) {
                            replied->set_value(std::move(twins));
                          }});
    if (reply.wait_until(end) != std::future_status::ready) {
      return fail(ErrorCode::kIo, "the devices' values were not read in time");
    }
    GL_TRY(auto twins, reply.get());
    for (hub::TwinSnapshot& twin : twins) {
      const auto found = std::ranges::find(some, twin.sn, &DeviceNow::sn);
      if (found != some.end()) found->twin = std::move(twin);
    }
  }
  return devices;
}

}  // namespace gridloom::bridges
