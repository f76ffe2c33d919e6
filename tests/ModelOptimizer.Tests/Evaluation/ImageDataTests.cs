using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImageDataTests : IDisposable
{
    private static readonly SourceLocation Here = new("model-opt.yaml", 3, 3);
    private static readonly DataRequest Free = DataFolder.Request(("x", DataType.Float, [-1, 3, -1, -1]));

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_jpeg_is_decoded()
    {
        var pixels = Single(Free, new CalibrationSettings { Images = [_folder.Write("a.jpg", PictureFiles.Jpeg)], DivideBy = 1 }).AsSpan<float>();

        // Losses of this coder are largest in blue and green, which share bits.
        for (var i = 0; i < 64; i++)
        {
            Assert.That(pixels[i], Is.EqualTo(i / 8 * 30).Within(25), $"red {i}");
            Assert.That(pixels[64 + i], Is.EqualTo(i % 8 * 30).Within(25), $"green {i}");
            Assert.That(pixels[128 + i], Is.EqualTo(128).Within(25), $"blue {i}");
        }
    }

    /// <summary>Telephones append films, programs thumbnails: marks in them are none of the picture's.</summary>
    [Test]
    public void What_lies_behind_or_inside_of_a_jpeg_does_not_matter()
    {
        byte[] film = [0, 0, 0, 24, .. "ftypmp42"u8, 0xFF, 0xDA, 1, 2, 3];
        byte[] thumbnail = [0xFF, 0xE1, 0, (byte)(2 + 6), .. "Ex"u8, 0xFF, 0xDA, 0xFF, 0xD9];
        byte[] withThumbnail = [.. PictureFiles.Jpeg[..2], .. thumbnail, .. PictureFiles.Jpeg[2..]];
        var plain = Pixels("a.jpg", PictureFiles.Jpeg);

        Assert.That(Pixels("motion.jpg", [.. PictureFiles.Jpeg, .. film]), Is.EqualTo(plain));
        Assert.That(Pixels("thumbnail.jpg", withThumbnail), Is.EqualTo(plain));
        var cut = new CalibrationSettings { Images = [_folder.Write("cut.jpg", withThumbnail[..^40])] };
        Assert.That(Problems(cut, Free).Single().Message, Does.Contain("ends too early"));

        float[] Pixels(string name, byte[] bytes) => Single(Free, new CalibrationSettings { Images = [_folder.Write(name, bytes)] }).ToFloats();
    }

    /// <summary>Folders are often classes.</summary>
    [TestCase(1, 1, new[] { 15f })]
    [TestCase(3, 1, new[] { 5f, 15, 25 })]
    [TestCase(2, 2, new[] { 6f, 7, 22, 23 })]
    public void Pictures_are_taken_from_all_folders(int limit, int batch, float[] shades)
    {
        foreach (var (folder, picture) in new[] { 0, 1, 2 }.SelectMany(folder => Enumerable.Range(0, 10).Select(picture => (folder, picture))))
            _folder.Write($"class{folder}/{picture}.png", PictureFiles.Png(1, 1, [.. Enumerable.Repeat((byte)(10 * folder + picture), 3)]));
        var settings = new CalibrationSettings { Images = [_folder["**/*.png"]], DivideBy = 1 };

        var samples = new DataSet(settings, Free with { Limit = limit, Batch = batch }).Read().ToList();

        Assert.That(samples.SelectMany(sample => sample.Inputs["x"].ToFloats().Chunk(3)).Select(pixel => pixel[0]), Is.EqualTo(shades));
    }

    [TestCase(ImageLayout.Nchw, ImageChannels.Rgb, new[] { 0f, 3, 1, 4, 2, 5 })]
    [TestCase(ImageLayout.Nhwc, ImageChannels.Rgb, new[] { 0f, 1, 2, 3, 4, 5 })]
    [TestCase(ImageLayout.Nchw, ImageChannels.Bgr, new[] { 2f, 5, 1, 4, 0, 3 })]
    [TestCase(ImageLayout.Nhwc, ImageChannels.Bgr, new[] { 2f, 1, 0, 5, 4, 3 })]
    public void Channels_and_layout_are_as_told(ImageLayout layout, ImageChannels channels, float[] expected)
    {
        var file = _folder.Write("a.png", PictureFiles.Png(2, 1, 0, 1, 2, 3, 4, 5));
        var request = DataFolder.Request(("x", DataType.Float, [-1, -1, -1, -1]));

        var tensor = Single(request, new CalibrationSettings { Images = [file], Layout = layout, Channels = channels, DivideBy = 1 });

        Assert.That(tensor.AsSpan<float>().ToArray(), Is.EqualTo(expected));
        Assert.That(tensor.Dimensions, Is.EqualTo(layout == ImageLayout.Nchw ? new long[] { 1, 3, 1, 2 } : [1, 1, 2, 3]));
    }

    [Test]
    public void Pixels_are_normalized_by_channel()
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 255, 51, 0));

        var tensor = Single(Free, new CalibrationSettings { Images = [file], Mean = [0.5, 0.2, 0.1], Std = [0.25, 1, 0.5] });

        Assert.That(tensor.AsSpan<float>().ToArray(), Is.EqualTo(new[] { 2f, 51f / 255 - 0.2f, -0.1f / 0.5f }));
    }

    [Test]
    public void One_channel_is_brightness()
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 100, 200, 50));

        var tensor = Single(DataFolder.Request(("x", DataType.Float, [1, 1, -1, -1])), new CalibrationSettings { Images = [file], DivideBy = 1 });

        Assert.That(tensor.AsSpan<float>().ToArray(), Is.EqualTo(new[] { 29.9f + 117.4f + 5.7f }).Within(1e-4));
    }

    [TestCase(DataType.UInt8)]
    [TestCase(DataType.Float16)]
    public void Inputs_of_other_types_are_fed(DataType type)
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 255, 128, 0));

        var tensor = Single(DataFolder.Request(("x", type, [1, 3, 1, -1])), new CalibrationSettings { Images = [file] });

        Assert.That(tensor.ElementType, Is.EqualTo(type));
        Assert.That(tensor.ToFloats()[0], Is.EqualTo(type == DataType.UInt8 ? 255 : 1));
    }

    /// <summary>Halving takes the weighted mean of four pixels: 1 3 3 1, of which those beyond the edge are left out. As Pillow's antialiased bilinear does.</summary>
    [Test]
    public void Shrinking_covers_every_pixel()
    {
        var picture = new Picture(4, 1, [.. new float[] { 0, 70, 140, 7 }.SelectMany(value => new[] { value, value, value })]);

        var half = PictureResizer.Scale(picture, 2, 1);

        Assert.That(half.Pixels.Where((_, i) => i % 3 == 0), Is.EqualTo(new[] { (3 * 0 + 3 * 70 + 140) / 7f, (70 + 3 * 140 + 3 * 7) / 7f }).Within(1e-5));
    }

    [Test]
    public void Growing_interpolates_between_centers()
    {
        var picture = new Picture(1, 2, [0, 0, 0, 100, 100, 100]);

        Assert.That(PictureResizer.Scale(picture, 1, 4).Pixels.Where((_, i) => i % 3 == 0), Is.EqualTo(new[] { 0f, 25, 75, 100 }).Within(1e-5));
    }

    [TestCase(ImageResize.Crop, new[] { 1f, 2 })]
    [TestCase(ImageResize.Stretch, new[] { (3 * 0 + 3 * 1 + 2) / 7f, (1 + 3 * 2 + 3 * 3) / 7f })]
    public void Proportions_are_kept_or_not(ImageResize resize, float[] red)
    {
        // Four pixels in a row become two by one.
        var picture = new Picture(4, 1, [.. Enumerable.Range(0, 4).SelectMany(value => new float[] { value, 9, 9 })]);

        var fitted = PictureResizer.Fit(picture, new ImageSize(2, 1), resize, 0);

        Assert.That(fitted.Pixels.Where((_, i) => i % 3 == 0), Is.EqualTo(red).Within(1e-5));
    }

    [Test]
    public void Padding_fills_evenly()
    {
        var fitted = PictureResizer.Fit(new Picture(3, 1, [1, 1, 1, 2, 2, 2, 3, 3, 3]), new ImageSize(3, 3), ImageResize.Pad, 114);

        Assert.That(fitted.Pixels.Where((_, i) => i % 3 == 0), Is.EqualTo(new float[] { 114, 114, 114, 1, 2, 3, 114, 114, 114 }));
    }

    [Test]
    public void The_size_comes_from_the_model_and_every_file_is_a_sample()
    {
        _folder.Write("p/b.png", PictureFiles.Png(2, 2, new byte[12]));
        _folder.Write("p/a.JPG", PictureFiles.Jpeg);
        _folder.WriteText("p/readme.md", "no picture");
        var set = new DataSet(new CalibrationSettings { Images = [_folder["p"]] }, DataFolder.Request(("x", DataType.Float, [1, 4, 6, 3])));

        var samples = set.Read().ToList();

        Assert.That(set.Files.Select(Path.GetFileName), Is.EqualTo(new[] { "a.JPG", "b.png" }));
        Assert.That(samples.Select(sample => sample.Inputs["x"].Dimensions.ToArray()), Has.All.EqualTo(new long[] { 1, 4, 6, 3 }));
        Assert.That(samples.Select(sample => sample.Index), Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void Pictures_are_stacked_in_batches()
    {
        foreach (var name in new[] { "a", "b", "c" })
            _folder.Write($"{name}.png", PictureFiles.Png(1, 1, (byte)name[0], 0, 0));
        var settings = new EvaluateSettings { Images = [_folder["*.png"]], DivideBy = 1 };

        var open = new DataSet(settings, Free with { Batch = 2 }).Read().ToList();
        var closed = new DataSet(settings, DataFolder.Request(("x", DataType.Float, [2, 3, 1, -1]))).Read().ToList();

        Assert.That(open.Select(sample => sample.Rows), Is.EqualTo(new[] { 2, 1 }));
        Assert.That(open[0].Inputs["x"].AsSpan<float>().ToArray(), Is.EqualTo(new float[] { 'a', 0, 0, 'b', 0, 0 }));
        Assert.That(closed, Has.Count.EqualTo(1), "one is left over");
    }

    [Test]
    public void All_that_does_not_fit_is_told_at_once()
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 1, 2, 3));
        var settings = new CalibrationSettings { Images = [file], Size = new ImageSize(5, 5), Channels = ImageChannels.Gray, Mean = [1, 2], Location = Here };

        var problems = Problems(settings, DataFolder.Request(("x", DataType.Int32, [1, 3, 4, 4])));

        Assert.That(problems.Select(problem => (problem.Code, problem.Location)), Has.All.EqualTo(("MO5032", (SourceLocation?)Here)));
        Assert.That(problems.Select(problem => problem.Message), Is.EqualTo(new[]
        {
            "Input 'x' takes int32; pictures become float, float16 or uint8",
            "Input 'x' takes 3 channels, but 'channels' gives 1",
            "Input 'x' is [1,3,4,4], but 'size' gives 5 (width x height)",
            "'mean' has 2 numbers for 1 channel",
        }));
    }

    [Test]
    public void An_unclear_layout_is_asked_for()
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 1, 2, 3));

        Assert.That(Problems(new CalibrationSettings { Images = [file] }, DataFolder.Request(("x", DataType.Float, [1, 3, -1, 3]))).Single().Message, Does.Contain("say 'layout: nchw'"));
        Assert.That(Problems(new CalibrationSettings { Images = [file] }, DataFolder.Request(("x", DataType.Float, [1, 3, 4, 4]), ("s", DataType.Float, [1]))).Single().Message,
            Does.Contain("one input").And.Contain("give arrays under 'data:'"));
    }

    [Test]
    public void Raw_bytes_are_not_normalized()
    {
        var file = _folder.Write("a.png", PictureFiles.Png(1, 1, 1, 2, 3));

        Assert.That(Problems(new CalibrationSettings { Images = [file], Mean = [1] }, DataFolder.Request(("x", DataType.UInt8, [1, 3, 1, -1]))).Single().Message, Does.Contain("takes uint8"));
    }

    [Test]
    public void Broken_pictures_are_named()
    {
        var jpeg = PictureFiles.Jpeg;

        foreach (var (name, bytes) in new[] { ("text.jpg", "hello"u8.ToArray()), ("cut.jpg", jpeg[..^40]), ("shorter.jpg", jpeg[..100]), ("cut.png", PictureFiles.Png(4, 4, new byte[48])[..50]) })
        {
            var problem = Problems(new CalibrationSettings { Images = [_folder.Write(name, bytes)] }, Free).Single();
            Assert.That(problem, Has.Property("Code").EqualTo("MO5031").And.Property("Location").EqualTo(new SourceLocation(_folder[name])), name);
        }
    }

    [TestCase("truth")]
    [TestCase("truth.txt")]
    public void Classes_stand_in_a_file_beside_the_pictures(string labels)
    {
        foreach (var name in new[] { "p/a.png", "p/b c.png", "q/a.png" })
            _folder.Write(name, PictureFiles.Png(1, 1, 1, 2, 3));
        _folder.WriteText("p/truth.txt", "b c.png,7\n\na.png\t -100\n");
        _folder.WriteText("q/truth.txt", "a.png 3");
        var settings = new EvaluateSettings { Images = [_folder["p"], _folder["q/*.png"]], Labels = labels };

        var samples = new DataSet(settings, Free with { Labels = labels, Batch = 2 }).Read().ToList();

        Assert.That(samples.Select(sample => sample.Labels!.AsSpan<long>().ToArray()), Is.EqualTo(new[] { new long[] { -100, 7 }, [3] }));
        Assert.That(settings.Sources, Is.SupersetOf(new[] { _folder["p/truth.txt"], _folder["q/truth.txt"] }), "inputs of the build");
        Assert.That(new DataSet(settings, Free).Read().Select(sample => sample.Labels), Has.All.Null, "nobody asks");
    }

    [TestCase(null, "wants a file 'truth.txt' beside the pictures", 0)]
    [TestCase("b.png 1", "'a.png' has no line here; add 'a.png CLASS'", 0)]
    [TestCase("b.png 1\na.png cat", "'a.png cat' is not a picture's name and the number of its class", 2)]
    [TestCase("a.png 1\na.png 2", "'a.png' stands here for the second time", 2)]
    public void Classes_that_are_missing_are_asked_for(string? lines, string message, int line)
    {
        _folder.Write("a.png", PictureFiles.Png(1, 1, 1, 2, 3));
        if (lines is not null)
            _folder.WriteText("truth.txt", lines);

        var problem = Problems(new EvaluateSettings { Images = [_folder["a.png"]], Location = Here }, Free with { Labels = "truth" }).Single();

        Assert.That(problem, Has.Property("Code").EqualTo("MO5005").And.Message.Contains(message));
        Assert.That(problem.Location, Is.EqualTo(lines is null ? Here : new SourceLocation(_folder["truth.txt"], line, line == 0 ? 0 : 1)));
    }

    [Test]
    public void Settings_that_name_nothing_are_refused()
    {
        Assert.That(Problems(new CalibrationSettings { Location = Here }, Free).Single(), Has.Property("Code").EqualTo("MO5030").And.Property("Location").EqualTo(Here));
        Assert.That(Problems(new CalibrationSettings { Images = [_folder["*.jpg"]], Location = Here }, Free).Single().Message, Does.StartWith("Nothing matches").And.Contain("pictures come as"));
    }

    private static Tensor Single(DataRequest request, DataSettings settings) => new DataSet(settings, request).Read().Single().Inputs["x"];

    private static IReadOnlyList<Diagnostic> Problems(DataSettings settings, DataRequest request) =>
        Assert.Throws<DiagnosticException>(() => new DataSet(settings, request).Read().ToList())!.Diagnostics;
}
