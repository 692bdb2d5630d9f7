#include "bridges/mirror/schedule.h"

#include <algorithm>
#include <utility>

namespace gridloom::bridges::mirror {
namespace {

constexpr unsigned kMissedBeforeWake = 2;

bool is_over(const std::optional<Moment>& at, Millis pause, Moment now) {
  return !at || now - *at >= pause;
}

}  // namespace

Schedule::Schedule(const Rhythm& rhythm, Chance chance)
    : rhythm_(rhythm),
      chance_(chance),
      refusals_({.first = rhythm.refused, .most = rhythm.refused_most}, chance.split("refused")),
      failures_({.first = rhythm.unreachable, .most = rhythm.unreachable_most},
                chance.split("unreachable")),
      certificate_pause_(rhythm.certificate),
      wake_pause_(rhythm.wake) {}

// ---- presence

void Schedule::set_online(Device& device, bool online) {
  if (online == std::exchange(device.is_online, online)) return;
  if (online) {
    device.is_due = true;
    device.missed = 0;
    device.pause = rhythm_.quotas;
  }
}

void Schedule::listed(std::span<const Listed> devices, Moment now) {
  succeeded();
  is_list_due_ = false;
  for (auto& [sn, device] : devices_) device.is_listed = false;
  for (const auto& [sn, online] : devices) {
    const Backoff::Limits limits{.first = rhythm_.device_refused,
                                 .most = rhythm_.device_refused_most};
    Device& device =
        devices_.try_emplace(sn, Device(Backoff(limits, chance_.split(sn)))).first->second;
    device.is_listed = true;
    // The list is late: a newer status or report says more.
    if (online && is_over(device.offline_at, rhythm_.list_lag, now)) set_online(device, true);
    if (!online && is_over(device.reported_at, rhythm_.list_lag, now)) set_online(device, false);
  }
  for (auto& [sn, device] : devices_) {
    if (!device.is_listed) set_online(device, false);
  }
}

void Schedule::status(std::string_view sn, bool online, Moment now) {
  const auto found = devices_.find(sn);
  if (found == devices_.end() || !found->second.is_listed) return;
  if (!online) found->second.offline_at = now;
  set_online(found->second, online);
}

void Schedule::reported(std::string_view sn, Moment now) {
  const auto found = devices_.find(sn);
  if (found == devices_.end() || !found->second.is_listed) return;
  Device& device = found->second;
  set_online(device, true);
  if (device.reported_at) {
    const auto gap = std::chrono::duration_cast<Millis>(now - *device.reported_at);
    device.gap = std::max(gap, device.gap - device.gap / 8);
  }
  device.reported_at = now;
  device.missed = 0;
  device.pause = rhythm_.quotas;
  wake_pause_ = rhythm_.wake;
}

void Schedule::link_up(Moment now) {
  is_link_up_ = true;
  is_list_due_ = true;
  certificate_pause_ = rhythm_.certificate;
  if (!woken_at_) woken_at_ = now;
  for (auto& [sn, device] : devices_) device.is_due = true;
}

void Schedule::link_down() {
  is_link_up_ = false;
  for (auto& [sn, device] : devices_) {
    device.is_online = false;
    device.offline_at.reset();
    device.reported_at.reset();
    device.gap = Millis{0};
  }
}

bool Schedule::online(std::string_view sn) const {
  const auto found = devices_.find(sn);
  return is_link_up_ && found != devices_.end() && found->second.is_online;
}

bool Schedule::is_silent(const Device& device, Moment now) const {
  const Millis usual = std::clamp(2 * device.gap, rhythm_.silence, rhythm_.quotas_most);
  return is_over(device.reported_at, usual, now);
}

bool Schedule::silent(std::string_view sn, Moment now) const {
  const auto found = devices_.find(sn);
  return found == devices_.end() || is_silent(found->second, now);
}

// ---- requests

void Schedule::succeeded() {
  is_asking_ = false;
  refusals_.succeeded();
  failures_.succeeded();
}

void Schedule::certified() {
  succeeded();
  needs_certificate_ = false;
}

void Schedule::certificate_refused() {
  if (std::exchange(needs_certificate_, true)) return;
  certificate_pause_ = std::min(2 * certificate_pause_, rhythm_.refused_most);
}

void Schedule::answered(std::string_view sn, Brought brought, Moment now) {
  succeeded();
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return;
  Device& device = found->second;
  device.refusals.succeeded();
  device.is_due = brought == Brought::kNoData;
  if (!is_silent(device, now)) return;
  if (brought == Brought::kNews) {
    ++device.missed;
    device.pause = rhythm_.quotas;
  } else {
    device.pause = std::min(2 * std::max(device.pause, rhythm_.quotas), rhythm_.quotas_most);
  }
}

void Schedule::refused(const Request& request, Refusal refusal, Moment now) {
  is_asking_ = false;
  const auto found = devices_.find(request.sn);
  if (refusal == Refusal::kDevice && found != devices_.end()) {
    refusals_.succeeded();
    failures_.succeeded();
    return found->second.refusals.failed(now);
  }
  (refusal == Refusal::kUnreachable ? failures_ : refusals_).failed(now);
}

bool Schedule::wants_quotas(const Device& device, Moment now) const {
  if (!device.is_listed || !device.is_online || device.refusals.holds(now)) return false;
  if (!is_over(device.asked_at, rhythm_.quotas, now)) return false;
  if (device.is_due || is_over(device.asked_at, rhythm_.refresh, now)) return true;
  return is_silent(device, now) && is_over(device.asked_at, device.pause, now);
}

std::optional<Request> Schedule::next_quotas(Moment now) const {
  if (!is_link_up_ || !is_over(quotas_at_, rhythm_.between_quotas, now)) return std::nullopt;
  const auto order = [](const Device& device) {
    return std::pair(!device.is_due, device.asked_at.value_or(Moment{}));
  };
  const std::string* first = nullptr;
  const Device* first_device = nullptr;
  for (const auto& [sn, device] : devices_) {
    if (!wants_quotas(device, now)) continue;
    if (first == nullptr || order(device) < order(*first_device)) {
      first = &sn;
      first_device = &device;
    }
  }
  if (first == nullptr) return std::nullopt;
  return Request{.ask = Ask::kQuotas, .sn = *first};
}

bool Schedule::is_in_doubt(Moment now) const {
  if (is_list_due_) return true;
  return is_link_up_ && std::ranges::any_of(devices_, [&](const auto& each) {
           const Device& device = each.second;
           return device.is_online && is_silent(device, now);
         });
}

std::optional<Request> Schedule::choose(Moment now) const {
  if (is_asking_ || refusals_.holds(now) || failures_.holds(now)) return std::nullopt;
  if (!is_over(asked_at_, rhythm_.between_requests, now)) return std::nullopt;
  const Millis list_pause = is_in_doubt(now) ? rhythm_.devices_in_doubt : rhythm_.devices;
  std::optional<Request> list;
  if (is_over(list_at_, list_pause, now)) list = Request{.ask = Ask::kDevices};
  // Lists must not keep everything else waiting.
  if (list && (!list_at_ || list_at_ != asked_at_)) return list;
  if (needs_certificate_ && is_over(certificate_at_, certificate_pause_, now)) {
    return Request{.ask = Ask::kCertificate};
  }
  const auto quotas = next_quotas(now);
  if (quotas) return quotas;
  return list;
}

std::optional<Request> Schedule::next(Moment now) {
  auto request = choose(now);
  if (!request) return std::nullopt;
  is_asking_ = true;
  asked_at_ = now;
  hour_.push_back(now);
  switch (request->ask) {
    case Ask::kDevices:
      list_at_ = now;
      break;
    case Ask::kCertificate:
      certificate_at_ = now;
      break;
    case Ask::kQuotas:
      quotas_at_ = now;
      devices_.find(request->sn)->second.asked_at = now;
      break;
  }
  return request;
}

bool Schedule::takes_wake(Moment now) {
  if (!is_link_up_ || !is_over(woken_at_, wake_pause_, now)) return false;
  const bool is_needed = std::ranges::any_of(devices_, [&](const auto& each) {
    const Device& device = each.second;
    return device.is_online && device.missed >= kMissedBeforeWake && is_silent(device, now);
  });
  if (!is_needed) return false;
  woken_at_ = now;
  wake_pause_ = std::min(2 * wake_pause_, rhythm_.wake_most);
  for (auto& [sn, device] : devices_) device.missed = 0;
  return true;
}

std::size_t Schedule::requests_in_hour(Moment now) {
  while (!hour_.empty() && now - hour_.front() >= std::chrono::hours(1)) hour_.pop_front();
  return hour_.size();
}

}  // namespace gridloom::bridges::mirror
