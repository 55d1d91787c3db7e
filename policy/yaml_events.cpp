// SPDX-License-Identifier: MIT
#include "policy/yaml_events.hpp"

#include <sstream>
#include <string>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace tollgate::policy {
namespace {

Mark to_mark(const YAML::Mark& mark) {
    return mark.is_null() ? Mark{1, 1}
                          : Mark{static_cast<std::uint32_t>(mark.line) + 1,
                                 static_cast<std::uint32_t>(mark.column) + 1};
}

/// The sink wants no more.
struct Enough {};

class Forwarder : public YAML::EventHandler {
  public:
    explicit Forwarder(const YamlSink& sink) : sink_(sink) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override { forward({.kind = YamlEvent::Kind::document_end, .mark = {}}); }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        forward({YamlEvent::Kind::null, to_mark(mark), anchor != 0});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        forward({YamlEvent::Kind::alias, to_mark(mark)});
    }
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override {
        forward({YamlEvent::Kind::scalar, to_mark(mark), anchor != 0, tag, value});
    }
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        forward({YamlEvent::Kind::list_begin, to_mark(mark), anchor != 0, tag});
    }
    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        forward({YamlEvent::Kind::map_begin, to_mark(mark), anchor != 0, tag});
    }
    void OnSequenceEnd() override { forward({.kind = YamlEvent::Kind::list_end, .mark = {}}); }
    void OnMapEnd() override { forward({.kind = YamlEvent::Kind::map_end, .mark = {}}); }

  private:
    void forward(const YamlEvent& event) {
        if (!sink_(event)) {
            throw Enough{};
        }
    }

    const YamlSink& sink_;
};

}  // namespace

std::optional<Problem> parse_yaml_here(std::string_view text, const YamlSink& sink) {
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Forwarder forwarder(sink);
        for (int document = 0; document < 2 && parser.HandleNextDocument(forwarder); ++document) {
        }
    } catch (const Enough&) {
        return std::nullopt;
    } catch (const YAML::Exception& e) {
        return Problem{to_mark(e.mark), e.msg, ""};
    } catch (const std::exception& e) {
        return Problem{{1, 1}, std::string("not YAML: ") + e.what(), ""};
    }
    return std::nullopt;
}

}  // namespace tollgate::policy
