#include "bridges/mirror/rhythm.h"

#include <algorithm>

namespace gridloom::bridges::mirror {

std::string_view name_of(Ask ask) {
  switch (ask) {
    case Ask::kDevices:
      return "device/list";
    case Ask::kCertificate:
      return "certification";
    case Ask::kQuotas:
      break;
  }
  return "quota/all";
}

Rhythm rhythm_of(Millis between_quotas) {
  Rhythm rhythm;
  const Millis usual = rhythm.between_quotas;
  for (Millis* each :
       {&rhythm.between_requests, &rhythm.between_quotas, &rhythm.quotas, &rhythm.quotas_most,
        &rhythm.refresh, &rhythm.devices, &rhythm.devices_in_doubt, &rhythm.certificate,
        &rhythm.silence, &rhythm.list_lag, &rhythm.wake, &rhythm.wake_most, &rhythm.refused,
        &rhythm.refused_most, &rhythm.unreachable, &rhythm.unreachable_most, &rhythm.device_refused,
        &rhythm.device_refused_most}) {
    *each = Millis(each->count() * between_quotas.count() / usual.count());
  }
  return rhythm;
}

Refusal refusal_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kModelNotAllowed:
    case ErrorCode::kNoPermission:
    case ErrorCode::kOffline:
    case ErrorCode::kBadParams:
    case ErrorCode::kInvalidValue:
      return Refusal::kDevice;
    case ErrorCode::kIo:
      return Refusal::kUnreachable;
    default:
      return Refusal::kAccount;
  }
}

void Backoff::failed(Moment now) {
  constexpr unsigned kMostDoublings = 20;
  const std::int64_t doubled = limits_.first.count() << std::min(failures_, kMostDoublings);
  const auto pause = static_cast<double>(std::min(doubled, limits_.most.count()));
  ++failures_;
  // Not all mirrors of one cloud at the same moment.
  until_ =
      now + Millis(static_cast<std::int64_t>(pause * (0.75 + 0.5 * chance_.uniform(failures_))));
}

}  // namespace gridloom::bridges::mirror
