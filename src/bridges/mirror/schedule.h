// Chooses the next request to the vendor's cloud, in the rhythm of rhythm.h and by need: devices of
// which something is missing or that are silent come first. Its knowledge about the devices'
// presence is in presence.h. Pure: events and the time in, requests out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/chance.h"
#include "base/string_map.h"
#include "bridges/mirror/presence.h"
#include "bridges/mirror/rhythm.h"

namespace gridloom::bridges::mirror {

// When the vendor's cloud may be asked at all: one request at a time, with a pause between two of
// them, and with pauses that grow after a refusal or when there is no answer.
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

struct Request {
  Ask ask = Ask::kDevices;
  std::string sn{};  // of kQuotas
  friend bool operator==(const Request&, const Request&) = default;
};

// The result of an answer of quota/all.
enum class Brought : std::uint8_t { kNews, kNothingNew, kNoData };

class Schedule {
 public:
  explicit Schedule(const Rhythm& rhythm, Chance chance = Chance(0));

  // ---- events; `now` never decreases

  // The answer to kDevices: all devices that are mirrored. Those that are not among them are not
  // asked for.
  void listed(std::span<const Presence::Listed> devices, Moment now);
  // The vendor published a status of the device.
  void status(std::string_view sn, bool online, Moment now);
  void reported(std::string_view sn, Moment now);
  void link_up(Moment now);
  void link_down() { presence_.link_down(); }
  // The certificate was refused: another one is asked for, each time later.
  void certificate_refused();
  void certified();
  void answered(std::string_view sn, Brought brought, Moment now);
  void refused(const Request& request, Refusal refusal, Moment now);

  // ---- effects

  // The request to send now. Until its result is an event, there is no other.
  [[nodiscard]] std::optional<Request> next(Moment now);
  // Reports of a device stay away although quota/all has news: the session is to begin anew, which
  // makes the vendor's cloud ask the device again. True once for each time.
  [[nodiscard]] bool takes_wake(Moment now);

  [[nodiscard]] const Presence& presence() const { return presence_; }
  // Requests of the hour before `now`.
  [[nodiscard]] std::size_t requests_in_hour(Moment now) { return pace_.requests_in_hour(now); }

 private:
  struct Device {
    explicit Device(Backoff given) : refusals(given) {}
    bool is_due = true;  // something is missing
    std::optional<Moment> asked_at{};
    Millis pause{0};      // between two requests while it is silent
    unsigned missed = 0;  // answers with news since the last report
    Backoff refusals;
  };
  void came_online(std::string_view sn);
  [[nodiscard]] bool wants_quotas(std::string_view sn, const Device& device, Moment now) const;
  [[nodiscard]] std::optional<Request> next_quotas(Moment now) const;
  [[nodiscard]] std::optional<Request> choose(Moment now) const;

  Rhythm rhythm_;
  Chance chance_;
  Presence presence_;
  Pace pace_;
  StringMap<Device> devices_;
  bool needs_certificate_ = true;
  bool is_list_due_ = true;
  std::optional<Moment> quotas_at_;
  std::optional<Moment> list_at_;
  std::optional<Moment> certificate_at_;
  Millis certificate_pause_{0};
  std::optional<Moment> woken_at_;
  Millis wake_pause_{0};
};

}  // namespace gridloom::bridges::mirror
