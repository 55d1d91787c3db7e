// SPDX-License-Identifier: MIT
#include "agent/tunnel/key_file.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/tunnel/tunnel_keys.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

class KeyFile : public testing::Test {
  protected:
    std::filesystem::path write(const std::string& content, mode_t mode = 0600) {
        auto path = folder_.path() / "wg0.key";
        std::ofstream{path} << content;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    static std::string refusal(const std::filesystem::path& path) {
        const auto key = read_key_file(path);
        EXPECT_FALSE(key) << path;
        return key ? "" : key.error().message();
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  private:
    test::TemporaryFolder folder_;
};

TEST_F(KeyFile, IsReadWithAndWithoutALineBreak) {
    for (const char* end : {"", "\n", "\r\n"}) {
        const auto key = read_key_file(write(std::string{kKey} + end));
        ASSERT_TRUE(key) << key.error().message();
        const auto text = crypto::encode_base64(*key);
        EXPECT_EQ(std::string(text.data(), text.size()), kKey);
    }
    EXPECT_TRUE(read_key_file(write(kKey, 0400)));
}

TEST_F(KeyFile, MayHoldATokenOfOneLine) {
    const auto token = [this](const std::string& content) {
        const auto read = read_token_file(write(content));
        return read ? std::string{read->view()} : read.error().message();
    };
    const std::string longest(4096, 'x');
    EXPECT_EQ(token("a.B-9_~+/=\n"), "a.B-9_~+/=");
    EXPECT_EQ(token(longest + "\n"), longest);
    for (const std::string& content : {std::string{},
                                       std::string{"\n"},
                                       std::string{"two words"},
                                       std::string{"a\nb"},
                                       std::string{"a\tb"},
                                       longest + "x"}) {
        EXPECT_THAT(token(content), HasSubstr("holds no token")) << content.size();
    }
    EXPECT_THAT(read_token_file(write("token", 0644)).error().message(),
                HasSubstr("is open to other users"));
}

// Case C11
TEST_F(KeyFile, IsRefusedIfItIsOpenToOthers) {
    for (const mode_t mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0601U}) {
        const auto path = write(kKey, mode);
        EXPECT_THAT(refusal(path), HasSubstr("is open to other users: chmod 600 " + path.string()));
    }
}

// Case C11
TEST_F(KeyFile, IsRefusedIfItIsALink) {
    const auto path = write(kKey);
    std::filesystem::create_symlink(path, folder() / "link");
    EXPECT_THAT(refusal(folder() / "link"), HasSubstr("is a symbolic link"));
}

// Case C11
TEST_F(KeyFile, IsRefusedIfItIsNoRegularFile) {
    EXPECT_THAT(refusal(folder()), HasSubstr("is no regular file"));
    const auto fifo = folder() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_THAT(refusal(fifo), HasSubstr("is no regular file"));
}

// Case C11
TEST_F(KeyFile, IsRefusedIfItBelongsToSomebodyElse) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const auto path = write(kKey);
    ASSERT_EQ(::chown(path.c_str(), 65534, 0), 0);
    EXPECT_THAT(refusal(path), HasSubstr("belongs to the user 65534"));
    EXPECT_THAT(refusal(path), HasSubstr("chown root " + path.string()));
}

// Case C11
TEST_F(KeyFile, ThatIsExchangedWhileItIsReadIsTheOneThatWasChecked) {
    const auto path = write(kKey);
    const auto loose = folder() / "loose";
    std::ofstream{loose} << "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
    std::filesystem::permissions(loose, std::filesystem::perms{0644});
    std::atomic<bool> is_over = false;
    std::thread swapper{[&] {
        while (!is_over) {
            ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, loose.c_str(), RENAME_EXCHANGE);
        }
    }};
    int taken = 0;
    int refused = 0;
    while (taken < 100 || refused < 100) {
        const auto key = read_key_file(path);
        (key ? taken : refused) += 1;
        EXPECT_TRUE(!key || *key == *crypto::decode_base64(kKey)) << "the key of the other file";
    }
    is_over = true;
    swapper.join();
}

TEST_F(KeyFile, ThatIsAbsentIsToldHowToBeMade) {
    EXPECT_THAT(refusal(folder() / "none"), HasSubstr("does not exist: make one with"));
}

// Case C12
TEST_F(KeyFile, WithAnythingButOneKeyIsRefusedAndNotShown) {
    const std::string key = kKey;
    for (const std::string& content :
         {std::string{},
          key.substr(1),
          key + key,
          fmt::format("{}\n{}", key, key),
          " " + key,
          "PrivateKey = " + key,
          std::string(100'000, 'A'),
          std::string{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}) {
        const std::string message = refusal(write(content));
        EXPECT_THAT(message, HasSubstr("holds no key"));
        EXPECT_THAT(message, Not(HasSubstr(key.substr(1, 20))));
    }
}

TEST_F(KeyFile, ACredentialOfTheServiceGoesBeforeTheDefaultOnly) {
    write(kKey);
    EXPECT_EQ(find_private_key(std::nullopt, "wg0", folder()), folder() / "wg0.key");
    EXPECT_EQ(find_private_key(std::nullopt, "wg1", folder()), "/etc/tollgate/wg1.key");
    EXPECT_EQ(find_private_key(std::nullopt, "wg0", ""), "/etc/tollgate/wg0.key");
    EXPECT_EQ(find_private_key("/k/mine", "wg0", folder()), "/k/mine");
}

TEST_F(KeyFile, TheSecretOfTheSiteIsFoundInTheSameWay) {
    EXPECT_EQ(find_site_secret(std::nullopt, folder()), "/etc/tollgate/stealth.secret");
    std::ofstream{folder() / "stealth.secret"} << kKey;
    EXPECT_EQ(find_site_secret(std::nullopt, folder()), folder() / "stealth.secret");
    EXPECT_EQ(find_site_secret("/k/site", folder()), "/k/site");
}

TEST_F(KeyFile, WithTheSecretOfTheSiteIsReadOnlyIfItIsUsed) {
    TunnelSettings settings;
    settings.private_key_file = write(kKey);
    settings.stealth_key_file = folder() / "site";
    EXPECT_TRUE(read_tunnel_keys(settings, {}));
    settings.stealth = StealthMode::strict;
    EXPECT_THAT(read_tunnel_keys(settings, {}).error().message(), HasSubstr("does not exist"));
    std::ofstream{folder() / "site"} << kKey;
    std::filesystem::permissions(folder() / "site", std::filesystem::perms{0644});
    EXPECT_THAT(read_tunnel_keys(settings, {}).error().message(), HasSubstr("chmod 600"));
    std::filesystem::permissions(folder() / "site", std::filesystem::perms{0600});
    const auto keys = read_tunnel_keys(settings, {});
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->stealth, (Stealth{StealthMode::strict, *crypto::decode_base64(kKey)}));
}

// Case W19
TEST_F(KeyFile, OfATunnelWhosePeerHasItsOwnKeyIsRefused) {
    TunnelSettings settings;
    settings.name = "wg0";
    settings.private_key_file = write(kKey);
    PeerSettings& peer = settings.peers.emplace_back();
    peer.name = "mirror";
    peer.public_key = crypto::public_key_of(*crypto::decode_base64(kKey));
    const auto keys = read_tunnel_keys(settings, {});
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error().message(), HasSubstr("the peer mirror"));
    peer.public_key.bytes[0] ^= std::byte{1};
    EXPECT_TRUE(read_tunnel_keys(settings, {}));
    peer.preshared_key_file = folder() / "none";
    EXPECT_FALSE(read_tunnel_keys(settings, {}));
}

}  // namespace
}  // namespace tollgate::agent
