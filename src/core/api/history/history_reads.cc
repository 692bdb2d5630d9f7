#include "api/history/history_reads.h"

#include <memory>
#include <utility>

#include "hub/platform/credentials.h"

namespace gridloom::api {

Result<HistoryReads::Readable> HistoryReads::readable(registry::AccountId account,
                                                      const std::string& sn) const {
  const auto directory = options_.platform->registry.directory();
  GL_TRY(const auto device,
         hub::permitted_device(*directory, account, sn, registry::Rights::kMonitor));
  return Readable{.number = device->number, .family = options_.platform->catalog->of_serial(sn)};
}

time::Now HistoryReads::now() const {
  return {.at = options_.platform->clock.now(), .zone = options_.platform->zone};
}

void HistoryReads::read(Call call, Answer answer) const {
  auto done = std::make_shared<Callback<http::Response>>(std::move(call.done));
  auto step = [done, loop = options_.loop,
               answer = std::move(answer)](history::Reader& reader) mutable {
    auto response = answer(reader);
    if (!response) return history::Progress::kMore;
    loop->post([done = std::move(done), response = std::move(*response)]() mutable {
      (*done)(std::move(response));
    });
    return history::Progress::kDone;
  };
  const bool taken = options_.reads && options_.reads({.account = std::to_underlying(call.account),
                                                       .gone = std::move(call.gone),
                                                       .step = std::move(step)});
  if (taken) return;
  http::Response busy = call.form.refusal(
      503,
      "too many questions of this account about history are being answered: ask again in a "
      "second");
  busy.headers.emplace_back("Retry-After", "1");
  (*done)(std::move(busy));
}

}  // namespace gridloom::api
