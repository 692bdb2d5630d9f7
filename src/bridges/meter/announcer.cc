#include "bridges/meter/announcer.h"

#include <algorithm>
#include <utility>

namespace gridloom::bridges::meter {
namespace {

using dns::Name;
using dns::Record;

constexpr std::uint32_t kUnicastTtl_s = 10;
constexpr std::size_t kMaxText = 255;
constexpr const char* kLocal = "local";

Name type_name(const std::string& type) {
  const std::size_t dot = type.find('.');
  return {type.substr(0, dot), type.substr(dot + 1), kLocal};
}

std::string srv_data(std::uint16_t port, const Name& host) {
  std::string data(4, '\0');  // priority and weight
  data.push_back(static_cast<char>(port >> 8U));
  data.push_back(static_cast<char>(port & 0xffU));
  return data + dns::encoded(host);
}

std::string txt_data(const std::vector<std::string>& texts) {
  std::string data;
  for (const std::string& text : texts) {
    const std::string_view some = std::string_view(text).substr(0, kMaxText);
    data.push_back(static_cast<char>(some.size()));
    data += some;
  }
  return data.empty() ? std::string(1, '\0') : data;
}

}  // namespace

Announcer::Announcer(const AnnouncedService& service) {
  const Name host = {service.host, kLocal};
  for (const std::string& type : service.types) {
    const Name of_type = type_name(type);
    Name instance = of_type;
    instance.insert(instance.begin(), service.instance);
    records_.push_back({.name = of_type,
                        .type = dns::kTypePtr,
                        .ttl_s = kPointerTtl_s,
                        .data = dns::encoded(instance)});
    records_.push_back({.name = {"_services", "_dns-sd", "_udp", kLocal},
                        .type = dns::kTypePtr,
                        .ttl_s = kPointerTtl_s,
                        .data = dns::encoded(of_type)});
    records_.push_back({.name = instance,
                        .type = dns::kTypeSrv,
                        .ttl_s = kHostTtl_s,
                        .is_unique = true,
                        .data = srv_data(service.port, host)});
    records_.push_back({.name = instance,
                        .type = dns::kTypeTxt,
                        .ttl_s = kPointerTtl_s,
                        .is_unique = true,
                        .data = txt_data(service.texts)});
  }
  records_.push_back({.name = host,
                      .type = dns::kTypeA,
                      .ttl_s = kHostTtl_s,
                      .is_unique = true,
                      .data = {service.ip.begin(), service.ip.end()}});
}

bool Announcer::is_asked(const Record& record, const dns::Question& question) const {
  const bool is_of_class =
      question.query_class == dns::kClassInternet || question.query_class == dns::kClassAny;
  return is_of_class && (question.type == record.type || question.type == dns::kTypeAny) &&
         dns::same_name(record.name, question.name);
}

// Half of its life must be left, or it is announced again (RFC 6762, 7.1).
bool Announcer::is_known(const Record& record, const dns::Query& query) {
  return record.type == dns::kTypePtr && std::ranges::any_of(query.known, [&](const auto& known) {
           return known.type == dns::kTypePtr && known.ttl_s >= record.ttl_s / 2 &&
                  dns::same_name(known.name, record.name) &&
                  dns::encoded(known.target) == record.data;
         });
}

std::string Announcer::answer(std::string_view query, Form form) const {
  auto parsed = dns::parse_query(query);
  if (!parsed || parsed->is_response) return {};
  dns::Response response;
  bool points = false;  // to a service whose other records the asker will want
  for (const Record& record : records_) {
    const bool is_wanted = std::ranges::any_of(
        parsed->questions, [&](const auto& question) { return is_asked(record, question); });
    if (is_wanted && !is_known(record, *parsed)) {
      response.answers.push_back(record);
      points = points || record.type == dns::kTypePtr || record.type == dns::kTypeSrv;
    } else if (!is_wanted && record.type != dns::kTypePtr) {
      response.additional.push_back(record);
    }
  }
  if (response.answers.empty()) return {};
  if (!points) response.additional.clear();
  if (form == Form::kUnicast) {
    response.id = parsed->id;
    response.questions = std::move(parsed->questions);
    for (auto* const records : {&response.answers, &response.additional}) {
      for (Record& record : *records) {
        record.ttl_s = std::min(record.ttl_s, kUnicastTtl_s);
        record.is_unique = false;
      }
    }
  }
  return dns::encode(response);
}

std::string Announcer::announcement() const { return dns::encode({.answers = records_}); }

std::string Announcer::goodbye() const {
  dns::Response response{.answers = records_};
  for (Record& record : response.answers) record.ttl_s = 0;
  return dns::encode(response);
}

}  // namespace gridloom::bridges::meter
