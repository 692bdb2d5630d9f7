#include "bridges/meter/mqtt_source.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/plausible.h"
#include "client/stream.h"

namespace gridloom::bridges::meter {
namespace {

constexpr std::size_t kLookUps = 1;  // lane of SourceParts::worker

}  // namespace

MqttSource::MqttSource(const SourceSpec& spec, const SourceParts& parts)
    : topic_(spec.topic),
      path_(spec.path),
      max_age_(parts.max_age.value_or(kUsualMaxAge)),
      health_(*parts.identity.health),
      why_(fmt::format("the broker {} is not connected yet", spec.server)) {
  client::MqttLink::Options options;
  if (spec.is_tls) {
    auto tls = client::tls_client_of_system();
    if (!tls) {
      why_ = tls.error().detail;
      return;
    }
    options.tls = *std::move(tls);
  }
  net::IoLoop& loop = parts.parts.loop;
  options.resolve = client::resolve_on(parts.worker, kLookUps, loop, spec.server);
  options.loop = &loop;
  options.buffer = buffer_;
  options.client_id = parts.client_id;
  options.user = parts.user;
  options.password = parts.password;
  options.filters = {{.filter = spec.topic}};
  options.reconnects = true;
  link_ = std::make_shared<client::MqttLink>(std::move(options),
                                             static_cast<client::MqttLink::Listener&>(*this));
  link_->open();
}

MqttSource::~MqttSource() {
  if (link_) link_->close();
}

void MqttSource::tick() {
  if (link_) link_->tick(Steady::now());
}

void MqttSource::on_offline(const Error& why) { why_ = why.detail; }

void MqttSource::on_message(std::string_view topic, std::string_view payload, bool retained) {
  if (retained || topic != topic_) return;
  health_.count_in();
  const auto number = number_in_message(payload, path_);
  if (!number || !catalog::is_plausible_power(*number)) {
    return health_.error(fmt::format("a message on {} has {}", topic_,
                                     number ? "a number that is no power in W" : "no number"));
  }
  last_w_ = number;
  at_ = Steady::now();
  why_ = why_silent();
}

std::string MqttSource::why_silent() const {
  if (!last_w_) return fmt::format("no message has come on {}", topic_);
  return fmt::format("the last message on {} is older than {} s", topic_, max_age_.count() / 1000);
}

Result<double> MqttSource::power_w() const {
  if (last_w_ && Steady::now() - at_ <= max_age_) return *last_w_;
  return fail(ErrorCode::kNotFound, why_);
}

}  // namespace gridloom::bridges::meter
