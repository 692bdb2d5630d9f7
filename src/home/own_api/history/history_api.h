// The answers from history: quota/data of the signed API, and energies, series and events of
// Gridloom's own (own_api/v1/own_api.h).
//
// Responses are produced on the archive's threads and are delivered on the loop of the request;
// nothing here blocks.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/history/history_reads.h"
#include "base/loop.h"
#include "history/series/series_request.h"
#include "home/history_devices.h"
#include "http/message.h"
#include "own_api/services/services.h"

namespace gridloom::api {

class HistoryApi {
 public:
  // Responses are delivered on the loop.
  HistoryApi(const Services& services, Loop& loop)
      : services_(services),
        loop_(loop),
        reads_({.platform = &services.hub.platform(), .reads = services.reads, .loop = &loop}) {}

  using Call = HistoryReads::Call;
  void energy(const std::string& sn, Call call) const;
  // All devices that the account may read are one home.
  void home_energy(Call call) const;
  void home_series(Call call) const;
  void series(const std::string& sn, Call call) const;
  // Answers for one device; `sn` empty: for all that the account may read.
  void events(const std::string& sn, Call call) const;

 private:
  // All that the account may read.
  [[nodiscard]] std::vector<home::HistoryDevice> readable_devices(
      registry::AccountId account) const;
  // Calls `with` with the devices and their roles in the home, at once or later.
  using WithRoles = std::move_only_function<void(std::vector<home::HistoryDevice>, Call)>;
  void with_roles(std::vector<home::HistoryDevice> devices, Call call, WithRoles with) const;
  struct Series {
    std::string sn;
    HistoryReads::Readable device;
    history::SeriesRequest request;
    Call call;
  };
  void answer_series(Series series) const;

  const Services& services_;
  Loop& loop_;
  const HistoryReads reads_;
};

}  // namespace gridloom::api
