// When the vendor's cloud may be asked at all: one request at a time, with a pause between two of
// them, and with pauses that grow after a refusal or when there is no answer. Pure. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/chance.h"
#include "bridges/mirror/rhythm.h"

namespace gridloom::bridges::mirror {

class Pace {
 public:
  Pace(const Rhythm& rhythm, Chance chance);

  // ---- events; `now` never decreases

  void asked(Moment now);
  // The request was answered.
  void succeeded();
  // It was not, for a reason that concerns all requests.
  void refused(Refusal refusal, Moment now);

  [[nodiscard]] bool allows(Moment now) const;
  [[nodiscard]] const std::optional<Moment>& asked_at() const { return asked_at_; }
  // Requests of the hour before `now`.
  [[nodiscard]] std::size_t requests_in_hour(Moment now);

 private:
  Millis between_;
  Backoff refusals_;
  Backoff failures_;  // no answer
  bool is_asking_ = false;
  std::optional<Moment> asked_at_;
  std::deque<Moment> hour_;
};

}  // namespace gridloom::bridges::mirror
