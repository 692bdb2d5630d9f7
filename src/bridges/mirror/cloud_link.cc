#include "bridges/mirror/cloud_link.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "wire/json.h"
#include "wire/topics.h"

namespace gridloom::bridges::mirror {
namespace {

using client::MqttLink;
using wire::Verb;

constexpr std::size_t kBuffer = std::size_t{64} * 1024;

std::string host_port_of(const client::MqttAccess& access) {
  return access.host.contains(':') ? fmt::format("[{}]:{}", access.host, access.port)
                                   : fmt::format("{}:{}", access.host, access.port);
}

// The status that the vendor publishes; nothing: the payload says none.
std::optional<bool> status_in(std::string_view payload) {
  const auto parsed = wire::parse_json(payload);
  const wire::Json* params = parsed ? wire::member(*parsed, "params") : nullptr;
  const auto status = params == nullptr ? std::nullopt : wire::whole_in(*params, "status");
  if (!status) return std::nullopt;
  return *status != 0;
}

}  // namespace

CloudLink::CloudLink(net::IoLoop& loop, Cloud& cloud, Listener& listener,
                     const net::PeerLimits& limits)
    : loop_(loop), cloud_(cloud), listener_(listener), limits_(limits), buffer_(kBuffer) {}

void CloudLink::open(const std::vector<std::string>& sns) {
  close();
  if (!certificate_ || sns.empty()) return;
  const client::MqttAccess& access = certificate_->access;
  std::vector<client::TopicFilter> filters;
  // Wildcards are refused by the vendor; exact topics are not.
  for (const std::string& sn : sns) {
    for (const Verb verb : {Verb::kQuota, Verb::kStatus, Verb::kSetReply, Verb::kGetReply}) {
      filters.push_back({.filter = wire::make_open_topic(access.user, sn, verb),
                         .qos = wire::mqtt::Qos::kAtLeastOnce});
    }
  }
  link_ =
      std::make_shared<MqttLink>(MqttLink::Options{.resolve = cloud_.resolver(host_port_of(access)),
                                                   .tls = certificate_->tls,
                                                   .loop = &loop_,
                                                   .buffer = buffer_,
                                                   .client_id = certificate_->client_id,
                                                   .user = access.user,
                                                   .password = access.password,
                                                   .filters = std::move(filters),
                                                   .limits = limits_,
                                                   .reconnects = true},
                                 *this);
  link_->open();
}

void CloudLink::close() {
  if (const auto link = std::exchange(link_, nullptr)) link->close();
}

void CloudLink::tick(Moment now) {
  if (link_) link_->tick(now);
}

bool CloudLink::takes_refusal() {
  if (!link_ || !link_->closed() || !link_->refused()) return false;
  close();
  certificate_.reset();
  return true;
}

void CloudLink::send_set(std::string_view sn, std::string payload) {
  link_->send(wire::make_open_topic(certificate_->access.user, sn, Verb::kSet), std::move(payload));
}

void CloudLink::on_filter_refused(std::string_view filter) {
  const auto topic = wire::open_topic(filter);
  if (topic && topic->verb == Verb::kQuota) listener_.on_reports_refused(topic->sn);
}

void CloudLink::on_message(std::string_view topic, std::string_view payload, bool retained) {
  const auto parsed = wire::open_topic(topic);
  // The vendor may send messages of other accounts: only those of this account are ours.
  if (!parsed || parsed->account != certificate_->access.user) return;
  switch (parsed->verb) {
    case Verb::kQuota:
      // A retained one says nothing about now.
      return retained ? void() : listener_.on_report(parsed->sn, payload);
    case Verb::kStatus:
      if (const auto online = status_in(payload)) listener_.on_status(parsed->sn, *online);
      return;
    case Verb::kSetReply:
      return listener_.on_set_reply(parsed->sn, payload);
    case Verb::kGetReply:
      return listener_.on_get_reply(parsed->sn, payload);
    case Verb::kSet:
    case Verb::kGet:
      return;
  }
}

}  // namespace gridloom::bridges::mirror
