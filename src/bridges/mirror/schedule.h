// What the mirror knows about the presence of the vendor's devices, and what it asks the cloud
// next: one request at a time, in the rhythm of rhythm.h, by need: devices of which something is
// missing or that are silent come first, and a cloud that refuses is left alone. Pure: events and
// the time in, requests out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "bridges/mirror/rhythm.h"

namespace gridloom::bridges::mirror {

struct Request {
  Ask ask = Ask::kDevices;
  std::string sn{};  // of kQuotas
  friend bool operator==(const Request&, const Request&) = default;
};

// What an answer of quota/all brought.
enum class Brought : std::uint8_t { kNews, kNothingNew, kNoData };

class Schedule {
 public:
  explicit Schedule(const Rhythm& rhythm, Chance chance = Chance(0));

  // ---- events; `now` never decreases

  struct Listed {
    std::string sn;
    bool online = false;
  };
  // The answer to kDevices: all devices that are mirrored. Those that are not among them are
  // offline, and are not asked for.
  void listed(std::span<const Listed> devices, Moment now);
  // The vendor published a status of the device.
  void status(std::string_view sn, bool online, Moment now);
  void reported(std::string_view sn, Moment now);
  void link_up(Moment now);
  // What the vendor said about presence until now is no longer known to be true.
  void link_down();
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

  // Whether the vendor says that the device is online, over a link that is up.
  [[nodiscard]] bool online(std::string_view sn) const;
  // Whether the device's reports have stayed away for longer than usual.
  [[nodiscard]] bool silent(std::string_view sn, Moment now) const;
  [[nodiscard]] bool is_link_up() const { return is_link_up_; }
  // Requests of the hour before `now`.
  [[nodiscard]] std::size_t requests_in_hour(Moment now);

 private:
  struct Device {
    explicit Device(Backoff given) : refusals(given) {}
    bool is_listed = false;
    bool is_online = false;
    bool is_due = true;                  // something is missing
    std::optional<Moment> offline_at{};  // when a status said so
    std::optional<Moment> reported_at{};
    std::optional<Moment> asked_at{};
    Millis gap{0};        // between reports; falls slowly
    Millis pause{0};      // between two requests while it is silent
    unsigned missed = 0;  // answers with news since the last report
    Backoff refusals;
  };
  void set_online(Device& device, bool online);
  [[nodiscard]] bool is_silent(const Device& device, Moment now) const;
  [[nodiscard]] bool wants_quotas(const Device& device, Moment now) const;
  [[nodiscard]] bool is_in_doubt(Moment now) const;
  [[nodiscard]] std::optional<Request> next_quotas(Moment now) const;
  [[nodiscard]] std::optional<Request> choose(Moment now) const;
  void succeeded();

  Rhythm rhythm_;
  Chance chance_;
  StringMap<Device> devices_;
  Backoff refusals_;
  Backoff failures_;
  bool is_link_up_ = false;
  bool needs_certificate_ = true;
  bool is_asking_ = false;
  bool is_list_due_ = true;
  std::optional<Moment> asked_at_;
  std::optional<Moment> quotas_at_;
  std::optional<Moment> list_at_;
  std::optional<Moment> certificate_at_;
  Millis certificate_pause_{0};
  std::optional<Moment> woken_at_;
  Millis wake_pause_{0};
  std::deque<Moment> hour_;  // of requests
};

}  // namespace gridloom::bridges::mirror
