using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>How a picture whose sides are in another proportion is brought to its size.</summary>
public enum ImageResize
{
    /// <summary>Fills the size; what sticks out is cut off evenly.</summary>
    Crop,

    /// <summary>Changes the proportion.</summary>
    Stretch,

    /// <summary>Fits into the size; the rest is filled evenly.</summary>
    Pad,
}

/// <summary>Where the channels stand in an input for pictures.</summary>
public enum ImageLayout
{
    Nchw,
    Nhwc,
}

/// <summary>Which channels an input for pictures has, in order.</summary>
public enum ImageChannels
{
    Rgb,
    Bgr,
    Gray,
}

/// <summary>Real inputs: arrays, pictures or texts. At least one of the three is named.</summary>
public abstract record DataSettings : ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("Files with one array per model input: .npz, a folder of .npy, ONNX test_data_set_* folders, .jsonl; globs allowed.",
        IsPath = true, Example = "data/calibration.npz")]
    public virtual IReadOnlyList<string> Data { get; init; } = [];

    [Option("Pictures for a model with one input for them: .jpg, .png or .bmp files, folders of them; globs allowed. Each is a sample.",
        IsPath = true, Example = "photos/*.jpg")]
    public IReadOnlyList<string> Images { get; init; } = [];

    [Option("What pictures are resized to: one number for both sides, or WIDTHxHEIGHT. By default what the model's input says.", Example = "224")]
    public ImageSize? Size { get; init; }

    [Option("What becomes of pictures in another proportion: cut off what sticks out, stretch, or pad with 'fill'.")]
    public ImageResize Resize { get; init; } = ImageResize.Crop;

    [Option("The value of padded pixels, before anything is subtracted.", Minimum = 0, Maximum = 255, Example = "114")]
    public double Fill { get; init; }

    [Option("The channels in order. By default gray where the input has one channel, else rgb.")]
    public ImageChannels? Channels { get; init; }

    [Option("What pixels of 0 to 255 are divided by first.", Minimum = 1e-6, Example = "1")]
    public double DivideBy { get; init; } = 255;

    [Option("What is subtracted then, one number or one for each channel in their order.", Example = "[0.485, 0.456, 0.406]")]
    public IReadOnlyList<double> Mean { get; init; } = [];

    [Option("What is divided by at last, one number or one for each channel in their order.", Minimum = 1e-6, Example = "[0.229, 0.224, 0.225]")]
    public IReadOnlyList<double> Std { get; init; } = [];

    [Option("Where the channels stand in the input. By default what its shape tells.")]
    public ImageLayout? Layout { get; init; }

    [Option("UTF-8 text files for a model that takes tokens, folders of .txt files; globs allowed. Each line is a sample.",
        IsPath = true, Example = "sentences/*.txt")]
    public IReadOnlyList<string> Text { get; init; } = [];

    [Option("What turns text into tokens: a tokenizer.json (WordPiece or byte-level BPE), a vocab.txt of BERT's kind, or a vocab.json with merges.txt beside it.",
        IsPath = true, Example = "Models/tokenizer.json")]
    public string? Tokenizer { get; init; }

    [Option("How many tokens of a line are used at most, those that the tokenizer adds included.", Minimum = 3, Example = "128")]
    public int Length { get; init; } = 128;

    [Option("Whether shorter lines are padded to 'length'. An input of fixed length is always filled.")]
    public bool Pad { get; init; }

    /// <summary>True when anything is named to read.</summary>
    public bool NamesData => Data.Count + Images.Count + Text.Count > 0;

    /// <summary>Everything that is read, as it is named: files, folders and globs.</summary>
    public virtual IEnumerable<string> Sources => [.. Data, .. Images, .. Text, .. TokenizerFiles];

    /// <summary>A byte-level vocabulary has its merges in a file beside it.</summary>
    internal IReadOnlyList<string> TokenizerFiles => Tokenizer switch
    {
        null => [],
        _ when Path.GetFileName(Tokenizer) == "vocab.json" => [Tokenizer, Path.Combine(Path.GetDirectoryName(Tokenizer) ?? "", "merges.txt")],
        _ => [Tokenizer],
    };
}
