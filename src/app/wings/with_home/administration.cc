#include "with_home/administration.h"

#include <fmt/format.h>

#include <cstddef>
#include <stop_token>
#include <utility>

#include "app/operations/run.h"
#include "app/operations/table.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxRunning = 16;  // at the same time

}  // namespace

ServerAdministration::~ServerAdministration() { close(); }

void ServerAdministration::open(const operations::Context& context) {
  const std::scoped_lock lock(mutex_);
  context_.emplace(context);
}

void ServerAdministration::close() {
  std::vector<Running> left;
  {
    const std::scoped_lock lock(mutex_);
    context_.reset();
    left = std::exchange(running_, {});
  }
  for (Running& each : left) each.thread.request_stop();
}

SharedText ServerAdministration::operations() const {
  JsonArray rows;
  for (const operations::Operation& each : operations::table()) {
    rows.push_back(operations::description(each));
  }
  return wire::to_text(JsonObject{{"operations", std::move(rows)}});
}

Status ServerAdministration::begin(Request& request, hub::ReplyTo<Json>& reply) {
  const operations::Operation* operation = operations::find(request.operation);
  if (operation != nullptr && !is_one_answer(*operation)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is not for HTTP: the command line has it", request.operation));
  }
  const std::scoped_lock lock(mutex_);
  if (!context_) return fail(ErrorCode::kConflict, "the server starts or stops: ask again");
  std::erase_if(running_, [](const Running& each) { return each.over->load(); });
  if (running_.size() >= kMaxRunning) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} operations are running: ask again", running_.size()));
  }
  const auto over = std::make_shared<std::atomic<bool>>(false);
  running_.push_back(
      {.over = over,
       .thread = std::jthread([over, context = *context_, request = std::move(request),
                               reply = std::move(reply)](const std::stop_token& stop) mutable {
         context.stop = stop;
         hub::answer(std::move(reply),
                     operations::run(context, request.operation, request.parameters,
                                     {.who = std::move(request.who),
                                      .through = "http",
                                      .by = std::move(request.by),
                                      .from = std::move(request.from)}));
         *over = true;
       })});
  return {};
}

void ServerAdministration::run(Request request, hub::ReplyTo<Json> reply) {
  Status begun = begin(request, reply);
  if (!begun) hub::answer<Json>(std::move(reply), std::unexpected(std::move(begun.error())));
}

}  // namespace gridloom::app
