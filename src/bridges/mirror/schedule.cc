#include "bridges/mirror/schedule.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gridloom::bridges::mirror {

Pace::Pace(const Rhythm& rhythm, Chance chance)
    : between_(rhythm.between_requests),
      refusals_({.first = rhythm.refused, .most = rhythm.refused_most}, chance.split("refused")),
      failures_({.first = rhythm.unreachable, .most = rhythm.unreachable_most},
                chance.split("unreachable")) {}

void Pace::asked(Moment now) {
  is_asking_ = true;
  asked_at_ = now;
  hour_.push_back(now);
}

void Pace::succeeded() {
  is_asking_ = false;
  refusals_.succeeded();
  failures_.succeeded();
}

void Pace::refused(Refusal refusal, Moment now) {
  is_asking_ = false;
  (refusal == Refusal::kUnreachable ? failures_ : refusals_).failed(now);
}

bool Pace::allows(Moment now) const {
  return !is_asking_ && !refusals_.holds(now) && !failures_.holds(now) &&
         is_over(asked_at_, between_, now);
}

std::size_t Pace::requests_in_hour(Moment now) {
  while (!hour_.empty() && now - hour_.front() >= std::chrono::hours(1)) hour_.pop_front();
  return hour_.size();
}

namespace {

constexpr unsigned kMissedBeforeWake = 2;

}  // namespace

Schedule::Schedule(const Rhythm& rhythm, Chance chance)
    : rhythm_(rhythm),
      chance_(chance),
      presence_(rhythm),
      pace_(rhythm, chance),
      certificate_pause_(rhythm.certificate),
      wake_pause_(rhythm.wake) {}

// ---- presence

void Schedule::came_online(std::string_view sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return;
  Device& device = found->second;
  device.is_due = true;
  device.missed = 0;
  device.pause = rhythm_.quotas;
}

void Schedule::listed(std::span<const Presence::Listed> devices, Moment now) {
  pace_.succeeded();
  is_list_due_ = false;
  for (const Presence::Listed& each : devices) {
    const Backoff::Limits limits{.first = rhythm_.device_refused,
                                 .most = rhythm_.device_refused_most};
    devices_.try_emplace(each.sn, Device(Backoff(limits, chance_.split(each.sn))));
  }
  for (const std::string& sn : presence_.listed(devices, now)) came_online(sn);
}

void Schedule::status(std::string_view sn, bool online, Moment now) {
  if (presence_.status(sn, online, now)) came_online(sn);
}

void Schedule::reported(std::string_view sn, Moment now) {
  const auto found = devices_.find(sn);
  if (found == devices_.end() || !presence_.is_listed(sn)) return;
  if (presence_.reported(sn, now)) came_online(sn);
  found->second.missed = 0;
  found->second.pause = rhythm_.quotas;
  wake_pause_ = rhythm_.wake;
}

void Schedule::link_up(Moment now) {
  presence_.link_up();
  is_list_due_ = true;
  certificate_pause_ = rhythm_.certificate;
  if (!woken_at_) woken_at_ = now;
  for (auto& [sn, device] : devices_) device.is_due = true;
}

// ---- requests

void Schedule::certified() {
  pace_.succeeded();
  needs_certificate_ = false;
}

void Schedule::certificate_refused() {
  if (std::exchange(needs_certificate_, true)) return;
  certificate_pause_ = std::min(2 * certificate_pause_, rhythm_.refused_most);
}

void Schedule::answered(std::string_view sn, Brought brought, Moment now) {
  pace_.succeeded();
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return;
  Device& device = found->second;
  device.refusals.succeeded();
  device.is_due = brought == Brought::kNoData;
  if (!presence_.silent(sn, now)) return;
  if (brought == Brought::kNews) {
    ++device.missed;
    device.pause = rhythm_.quotas;
  } else {
    device.pause = std::min(2 * std::max(device.pause, rhythm_.quotas), rhythm_.quotas_most);
  }
}

void Schedule::refused(const Request& request, Refusal refusal, Moment now) {
  const auto found = devices_.find(request.sn);
  if (refusal != Refusal::kDevice || found == devices_.end()) return pace_.refused(refusal, now);
  pace_.succeeded();
  found->second.refusals.failed(now);
}

bool Schedule::wants_quotas(std::string_view sn, const Device& device, Moment now) const {
  if (!presence_.online(sn) || device.refusals.holds(now)) return false;
  if (!is_over(device.asked_at, rhythm_.quotas, now)) return false;
  if (device.is_due || is_over(device.asked_at, rhythm_.refresh, now)) return true;
  return presence_.silent(sn, now) && is_over(device.asked_at, device.pause, now);
}

std::optional<Request> Schedule::next_quotas(Moment now) const {
  if (!is_over(quotas_at_, rhythm_.between_quotas, now)) return std::nullopt;
  const auto order = [](const Device& device) {
    return std::pair(!device.is_due, device.asked_at.value_or(Moment{}));
  };
  const std::string* first = nullptr;
  const Device* first_device = nullptr;
  for (const auto& [sn, device] : devices_) {
    if (!wants_quotas(sn, device, now)) continue;
    if (first == nullptr || order(device) < order(*first_device)) {
      first = &sn;
      first_device = &device;
    }
  }
  if (first == nullptr) return std::nullopt;
  return Request{.ask = Ask::kQuotas, .sn = *first};
}

std::optional<Request> Schedule::choose(Moment now) const {
  if (!pace_.allows(now)) return std::nullopt;
  const bool is_in_doubt = is_list_due_ || presence_.is_in_doubt(now);
  std::optional<Request> list;
  if (is_over(list_at_, is_in_doubt ? rhythm_.devices_in_doubt : rhythm_.devices, now)) {
    list = Request{.ask = Ask::kDevices};
  }
  // Lists must not keep everything else waiting.
  if (list && (!list_at_ || list_at_ != pace_.asked_at())) return list;
  if (needs_certificate_ && is_over(certificate_at_, certificate_pause_, now)) {
    return Request{.ask = Ask::kCertificate};
  }
  auto quotas = next_quotas(now);
  return quotas ? std::move(quotas) : std::move(list);
}

std::optional<Request> Schedule::next(Moment now) {
  auto request = choose(now);
  if (!request) return std::nullopt;
  pace_.asked(now);
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
  if (!presence_.is_link_up() || !is_over(woken_at_, wake_pause_, now)) return false;
  const bool is_needed = std::ranges::any_of(devices_, [&](const auto& each) {
    const auto& [sn, device] = each;
    return device.missed >= kMissedBeforeWake && presence_.online(sn) && presence_.silent(sn, now);
  });
  if (!is_needed) return false;
  woken_at_ = now;
  wake_pause_ = std::min(2 * wake_pause_, rhythm_.wake_most);
  for (auto& [sn, device] : devices_) device.missed = 0;
  return true;
}

}  // namespace gridloom::bridges::mirror
