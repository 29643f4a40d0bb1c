#include "demo/image.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace vams::demo {

namespace {

std::uint8_t Byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
}

Pixel Mixed(const Pixel& a, const Pixel& b, float part) {
  Pixel mixed;
  for (std::size_t i = 0; i < 3; ++i)
    mixed[i] = static_cast<std::uint8_t>(static_cast<float>(a[i]) * (1 - part) +
                                         static_cast<float>(b[i]) * part);
  return mixed;
}

void AppendBig32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void AppendChunk(std::string& png, std::string_view type, std::string_view data) {
  AppendBig32(png, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  png += body;
  AppendBig32(png,
              static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                                 static_cast<uInt>(body.size()))));
}

// A point on the picture, and how far away it is.
struct Projected {
  float x, y, depth;
};

// Looks along a fixed direction, without perspective.
struct View {
  Vec3 right, up, forward;
  float scale = 1, centre_x = 0, centre_y = 0;
  int width = 0, height = 0;

  Projected Of(const Vec3& point) const {
    return {(Dot(point, right) - centre_x) * scale + static_cast<float>(width) / 2,
            (centre_y - Dot(point, up)) * scale + static_cast<float>(height) / 2,
            Dot(point, forward)};
  }
};

View ViewOf(const Mesh& mesh, int width, int height) {
  View view;
  view.forward = Unit({-0.55F, -0.42F, -0.72F});
  view.right = Unit(Cross(view.forward, {0, 1, 0}));
  view.up = Cross(view.right, view.forward);
  view.width = width;
  view.height = height;
  constexpr float kFar = std::numeric_limits<float>::max();
  std::array<float, 4> box = {kFar, -kFar, kFar, -kFar};
  for (const Part& part : mesh.parts())
    for (const Vec3& point : part.positions) {
      const float x = Dot(point, view.right);
      const float y = Dot(point, view.up);
      box = {std::min(box[0], x), std::max(box[1], x), std::min(box[2], y), std::max(box[3], y)};
    }
  view.centre_x = (box[0] + box[1]) / 2;
  view.centre_y = (box[2] + box[3]) / 2;
  view.scale = 0.86F * std::min(static_cast<float>(width) / std::max(box[1] - box[0], 1e-3F),
                                static_cast<float>(height) / std::max(box[3] - box[2], 1e-3F));
  return view;
}

void Fill(Image& image, std::vector<float>& depth, const std::array<Projected, 3>& t,
          const Pixel& pixel) {
  const auto edge = [](const Projected& a, const Projected& b, float x, float y) {
    return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
  };
  const float area = edge(t[0], t[1], t[2].x, t[2].y);
  if (std::abs(area) < 1e-6F) return;
  const auto low = [](float a, float b, float c) {
    return static_cast<int>(std::floor(std::min({a, b, c})));
  };
  const auto high = [](float a, float b, float c) {
    return static_cast<int>(std::ceil(std::max({a, b, c})));
  };
  for (int y = std::max(0, low(t[0].y, t[1].y, t[2].y));
       y < std::min(image.height, high(t[0].y, t[1].y, t[2].y)); ++y)
    for (int x = std::max(0, low(t[0].x, t[1].x, t[2].x));
         x < std::min(image.width, high(t[0].x, t[1].x, t[2].x)); ++x) {
      const float px = static_cast<float>(x) + 0.5F;
      const float py = static_cast<float>(y) + 0.5F;
      const float a = edge(t[1], t[2], px, py) / area;
      const float b = edge(t[2], t[0], px, py) / area;
      const float c = 1 - a - b;
      if (a < 0 || b < 0 || c < 0) continue;
      const float z = a * t[0].depth + b * t[1].depth + c * t[2].depth;
      float& nearest = depth[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                             static_cast<std::size_t>(x)];
      if (z >= nearest) continue;
      nearest = z;
      image.At(x, y) = pixel;
    }
}

// Four pixels become one: smooth edges.
Image Halved(Image& large) {
  Image small(large.width / 2, large.height / 2);
  for (int y = 0; y < small.height; ++y)
    for (int x = 0; x < small.width; ++x)
      for (std::size_t i = 0; i < 3; ++i)
        small.At(x, y)[i] = static_cast<std::uint8_t>(
            (large.At(2 * x, 2 * y)[i] + large.At(2 * x + 1, 2 * y)[i] +
             large.At(2 * x, 2 * y + 1)[i] + large.At(2 * x + 1, 2 * y + 1)[i]) /
            4);
  return small;
}

float Noise(std::uint32_t seed, int x) {
  std::uint32_t bits = seed * 0x9E3779B9U + static_cast<std::uint32_t>(x) * 0x85EBCA6BU;
  bits ^= bits >> 15;
  bits *= 0xC2B2AE35U;
  bits ^= bits >> 13;
  return static_cast<float>(bits & 0xFFFFU) / 65535.0F;
}

}  // namespace

std::string EncodePng(const Image& image) {
  std::string rows;
  rows.reserve(image.pixels.size() * 3 + static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    rows += '\0';  // no filter
    for (int x = 0; x < image.width; ++x)
      for (const std::uint8_t byte :
           image.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                        static_cast<std::size_t>(x)])
        rows += static_cast<char>(byte);
  }
  uLongf size = ::compressBound(rows.size());
  std::string packed(size, '\0');
  VAMS_CHECK(::compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                         reinterpret_cast<const Bytef*>(rows.data()), rows.size(), 6) == Z_OK);
  packed.resize(size);
  std::string png = "\x89PNG\r\n\x1a\n";
  std::string header;
  AppendBig32(header, static_cast<std::uint32_t>(image.width));
  AppendBig32(header, static_cast<std::uint32_t>(image.height));
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB
  AppendChunk(png, "IHDR", header);
  AppendChunk(png, "IDAT", packed);
  AppendChunk(png, "IEND", "");
  return png;
}

Image Render(const Mesh& mesh, int width, int height) {
  Image image(width * 2, height * 2);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      image.At(x, y) = Mixed({236, 241, 247}, {176, 190, 205},
                             static_cast<float>(y) / static_cast<float>(image.height));
  std::vector<float> depth(image.pixels.size(), std::numeric_limits<float>::max());
  const View view = ViewOf(mesh, image.width, image.height);
  const Vec3 light = Unit({0.35F, 0.9F, 0.55F});
  for (const Part& part : mesh.parts())
    for (std::size_t i = 0; i + 2 < part.positions.size(); i += 3) {
      const float shade = 0.38F + 0.62F * std::max(0.0F, Dot(part.normals[i], light));
      Pixel pixel;
      for (std::size_t c = 0; c < 3; ++c)
        pixel[c] = Byte(std::pow(part.colour[c] * shade, 1 / 2.2F));
      Fill(image, depth,
           {view.Of(part.positions[i]), view.Of(part.positions[i + 1]),
            view.Of(part.positions[i + 2])},
           pixel);
    }
  return Halved(image);
}

Image Checkerboard(int size, int fields, Pixel light, Pixel dark) {
  Image image(size, size);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const int column = x * fields / size;
      const int row = y * fields / size;
      const float shade =
          static_cast<float>(column + row * fields) / static_cast<float>(fields * fields) * 0.35F;
      image.At(x, y) = Mixed((column + row) % 2 == 0 ? light : dark, {30, 40, 60}, shade);
    }
  return image;
}

Image Seascape(int width, int height, std::uint32_t seed) {
  Image image(width, height);
  const int horizon = height * 11 / 20;
  const float sun_x = static_cast<float>(width) * (0.25F + 0.5F * Noise(seed, 1));
  const float sun_y = static_cast<float>(horizon) * 0.72F;
  const float sun_radius = static_cast<float>(height) / 14;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const float dx = static_cast<float>(x) - sun_x;
      const float dy = static_cast<float>(y) - sun_y;
      const float glow = std::exp(-(dx * dx + dy * dy) / (static_cast<float>(width) * 90));
      if (y < horizon) {
        const float high = static_cast<float>(y) / static_cast<float>(horizon);
        Pixel sky = Mixed({38, 62, 110}, {246, 178, 122}, high * high);
        sky = Mixed(sky, {255, 236, 190}, glow * 0.8F);
        if (dx * dx + dy * dy < sun_radius * sun_radius) sky = {255, 244, 214};
        image.At(x, y) = sky;
      } else {
        const float near = static_cast<float>(y - horizon) / static_cast<float>(height - horizon);
        const float wave = std::sin(static_cast<float>(y) * (2.4F - 1.6F * near) +
                                    3 * Noise(seed + 7, y) + 0.02F * static_cast<float>(x)) *
                               0.5F +
                           0.5F;
        Pixel water = Mixed({96, 92, 104}, {18, 38, 66}, near);
        const float path = std::exp(-dx * dx / (static_cast<float>(width) * (6 + 60 * near)));
        water = Mixed(water, {255, 214, 150}, path * wave * (0.75F - 0.4F * near));
        image.At(x, y) = water;
      }
    }
  // The quay with its cranes, dark in front of the sky.
  for (int crane = 0; crane < 3; ++crane) {
    const int at = width * (2 + 5 * crane) / 18 + static_cast<int>(20 * Noise(seed, 50 + crane));
    const int tall =
        height / 5 + static_cast<int>(static_cast<float>(height) / 12 * Noise(seed, 60 + crane));
    const int leg = std::max(2, width / 220);
    for (int y = horizon - tall; y < horizon; ++y)
      for (const int x : {at, at + tall / 2})
        for (int i = 0; i < leg; ++i)
          if (x + i < width) image.At(x + i, y) = {24, 26, 38};
    for (int x = at - tall / 2; x < at + tall; ++x)
      for (int i = 0; i < leg; ++i)
        if (x >= 0 && x < width) image.At(x, horizon - tall * 4 / 5 + i) = {24, 26, 38};
  }
  for (int y = horizon; y < horizon + height / 90 + 1; ++y)
    for (int x = 0; x < width; ++x) image.At(x, y) = {22, 24, 36};
  return image;
}

}  // namespace vams::demo
