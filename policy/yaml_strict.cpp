// SPDX-License-Identifier: MIT
#include "policy/yaml_strict.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "policy/yaml_text.hpp"

namespace tollgate::policy {
namespace {

Mark to_mark(const YAML::Mark& mark) {
    return mark.is_null() ? Mark{1, 1}
                          : Mark{static_cast<std::uint32_t>(mark.line) + 1,
                                 static_cast<std::uint32_t>(mark.column) + 1};
}

/// Builds the tree from yaml-cpp's events, and refuses what yaml-cpp lets pass.
class Builder : public YAML::EventHandler {
  public:
    explicit Builder(std::vector<Problem>& problems) : problems_(problems) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, "", anchor);
        add(mark, YamlNode::Kind::null, "", false);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        error(mark, "aliases (*name) are not allowed", "write the value again");
        add(mark, YamlNode::Kind::null, "", false);
    }

    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override {
        check(mark, tag, anchor);
        add(mark, YamlNode::Kind::scalar, value, tag != "!");
    }

    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open(mark, YamlNode::Kind::list);
    }

    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open(mark, YamlNode::Kind::map);
    }

    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

    std::optional<YamlNode> take() { return std::move(root_); }

  private:
    /// An open list or map.
    struct Level {
        YamlNode* node = nullptr;
        bool wants_key = false;
        std::set<std::string> keys{};
    };

    void error(const YAML::Mark& mark, std::string message, std::string hint = "") {
        report(problems_, {to_mark(mark), std::move(message), std::move(hint)});
    }

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) {
            error(mark, "anchors (&name) are not allowed", "write the value where it is needed");
        }
        if (!tag.empty() && tag != "?" && tag != "!") {
            error(mark, "tags (" + quoted(tag) + ") are not allowed", "leave it out");
        }
    }

    void add_key(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& text, bool plain) {
        Level& level = levels_.back();
        level.wants_key = false;
        level.node->entries.push_back({text, to_mark(mark), {}});
        if (kind == YamlNode::Kind::null) {
            error(mark, "a key is missing");
        } else if (plain && text == "<<") {
            error(mark, "merge keys (<<) are not allowed", "write the keys here");
        } else if (!level.keys.insert(text).second) {
            error(mark, "the key " + quoted(text) + " is here twice", "keep one of them");
            level.node->entries.back().key.clear();
        }
    }

    void add(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& text, bool plain) {
        if (!levels_.empty() && levels_.back().wants_key) {
            add_key(mark, kind, text, plain);
        } else {
            place(mark, kind).text = text;
            placed_->plain = plain;
        }
    }

    /// The next value's node, at its place in the tree.
    YamlNode& place(const YAML::Mark& mark, YamlNode::Kind kind) {
        if (levels_.empty()) {
            placed_ = &root_.emplace();
        } else if (Level& level = levels_.back(); level.node->kind == YamlNode::Kind::list) {
            placed_ = &level.node->items.emplace_back();
        } else {
            placed_ = &level.node->entries.back().value;
            level.wants_key = true;
        }
        placed_->kind = kind;
        placed_->mark = to_mark(mark);
        return *placed_;
    }

    void open(const YAML::Mark& mark, YamlNode::Kind kind) {
        if (levels_.size() >= kYamlDepthMax) {
            throw YAML::ParserException(mark, "nested deeper than 32 levels");
        }
        if (!levels_.empty() && levels_.back().wants_key) {
            throw YAML::ParserException(mark, "a key must be text, not a list or map");
        }
        levels_.push_back({&place(mark, kind), kind == YamlNode::Kind::map});
    }

    void close() { levels_.pop_back(); }

    std::vector<Problem>& problems_;
    std::vector<Level> levels_;
    std::optional<YamlNode> root_;
    YamlNode* placed_ = nullptr;
};

/// Notes the first document only, and that there was another.
std::optional<YamlNode> parse_documents(std::string_view text, std::vector<Problem>& problems) {
    Builder builder(problems);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) {
            report(problems, {{1, 1}, "the file is empty", ""});
            return std::nullopt;
        }
        auto root = builder.take();
        std::vector<Problem> unused;
        Builder second(unused);
        if (parser.HandleNextDocument(second)) {
            const auto extra = second.take();
            report(problems,
                   {extra ? extra->mark : Mark{1, 1},
                    "a second document begins here",
                    "put it into a file of its own"});
        }
        return root;
    } catch (const YAML::Exception& e) {
        report(problems, {to_mark(e.mark), e.msg, ""});
    } catch (const std::exception& e) {
        report(problems, {{1, 1}, std::string("not YAML: ") + e.what(), ""});
    }
    return std::nullopt;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text,
                                   std::vector<Problem>& problems,
                                   std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        const std::size_t mebibytes = bytes_max >> 20U;
        report(problems,
               {{1, 1},
                "the file is larger than " + std::to_string(mebibytes) + " MiB",
                "split the lists of addresses"});
        return std::nullopt;
    }
    const std::size_t before = problems.size();
    check_text(text, problems);
    if (problems.size() > before) {
        return std::nullopt;
    }
    auto root = parse_documents(text, problems);
    if (root) {
        check_scalars(*root, problems);
    }
    return root;
}

}  // namespace tollgate::policy
